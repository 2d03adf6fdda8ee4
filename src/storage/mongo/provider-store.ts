import mongoose, { type Connection, Schema } from 'mongoose';
import type { ProviderStore } from '../../domain/federation/provider-store.ts';
import { NO_CLAIM_PATHS, providerId, type UpstreamProvider } from '../../domain/federation/upstream-provider.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import { type CompareAndSwap, LOST } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

/** Fields that are undefined are not there. */
interface ProviderDocument {
  readonly _id: string;
  readonly tenantId?: string | undefined;
  readonly name: string;
  readonly preset: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: string;
  readonly sealedSecret?: string | undefined;
  readonly scopes: readonly string[];
  /** JSON text, like roleMap. */
  readonly claims: string;
  readonly roleMap: string;
  readonly roleFallback?: string | undefined;
  readonly creation: string;
  readonly creationDomains: readonly string[];
  readonly trustedDomains: readonly string[];
  readonly homeDomains: readonly string[];
  readonly secondFactor: string;
  /** Missing, like keepsTokens, in documents of version 3. */
  readonly endsSession?: boolean;
  readonly keepsTokens?: boolean;
  readonly disabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Counts up with every change. */
  readonly revision: number;
}

const SCHEMA = new Schema<ProviderDocument>(
  {
    _id: { type: String, required: true },
    tenantId: String,
    name: { type: String, required: true },
    preset: { type: String, required: true },
    issuer: { type: String, required: true },
    clientId: { type: String, required: true },
    authentication: { type: String, required: true },
    sealedSecret: String,
    scopes: [String],
    claims: { type: String, required: true },
    roleMap: { type: String, required: true },
    roleFallback: String,
    creation: { type: String, required: true },
    creationDomains: [String],
    trustedDomains: [String],
    homeDomains: [String],
    secondFactor: { type: String, required: true },
    endsSession: Boolean,
    keepsTokens: Boolean,
    disabled: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    revision: { type: Number, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id' };

export function createProviderStore(connection: Connection, compareAndSwap: CompareAndSwap): ProviderStore {
  const providers = connection.model('upstream_providers', SCHEMA, 'upstream_providers');

  return {
    async create(provider) {
      await providers.create(fromProvider(provider, 0)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    async find(id) {
      const document = await providers.findOne({ _id: id }).lean<ProviderDocument>();
      return document ? toProvider(document) : undefined;
    },
    update(id, change) {
      return compareAndSwap(id, async () => {
        const document = await providers.findOne({ _id: id }).lean<ProviderDocument>();
        if (!document) return undefined;
        const old = toProvider(document);
        const kept = { id: old.id, tenantId: old.tenantId, createdAt: old.createdAt };
        const next = fromProvider({ ...change(old), ...kept }, document.revision + 1);
        // One that was made anew counts its revisions anew.
        const { revision, tenantId = null } = document;
        const { matchedCount } = await providers.replaceOne({ _id: id, revision, tenantId }, next);
        return matchedCount === 1 ? toProvider(next) : LOST;
      });
    },
    // null stands for a field that is missing.
    remove: async ({ id, tenantId = null }) => (await providers.deleteOne({ _id: id, tenantId })).deletedCount === 1,
    async list(tenant) {
      // null stands for a field that is missing.
      const wanted = tenant === undefined ? {} : { tenantId: mongoose.trusted({ $in: [tenant, null] }) };
      const found = await providers.find(wanted).sort({ createdAt: 1, _id: 1 }).lean<ProviderDocument[]>();
      return found.map(toProvider);
    },
  };
}

function fromProvider(provider: UpstreamProvider, revision: number): ProviderDocument {
  return {
    _id: provider.id,
    tenantId: provider.tenantId,
    name: provider.name,
    preset: provider.preset,
    issuer: provider.issuer,
    clientId: provider.clientId,
    authentication: provider.authentication,
    sealedSecret: provider.sealedSecret,
    scopes: provider.scopes,
    claims: JSON.stringify(provider.claims),
    roleMap: JSON.stringify(provider.roles.map),
    roleFallback: provider.roles.fallback,
    creation: provider.creation,
    creationDomains: provider.creationDomains,
    trustedDomains: provider.trustedDomains,
    homeDomains: provider.homeDomains,
    secondFactor: provider.secondFactor,
    endsSession: provider.endsSession,
    keepsTokens: provider.keepsTokens,
    disabled: provider.disabled,
    createdAt: provider.createdAt,
    updatedAt: provider.updatedAt,
    revision,
  };
}

function toProvider(document: ProviderDocument): UpstreamProvider {
  return {
    id: providerId(document._id),
    tenantId: document.tenantId === undefined ? undefined : tenantId(document.tenantId),
    name: document.name,
    preset: document.preset as UpstreamProvider['preset'],
    issuer: document.issuer,
    clientId: document.clientId,
    authentication: document.authentication as UpstreamProvider['authentication'],
    sealedSecret: document.sealedSecret,
    scopes: document.scopes,
    claims: { ...NO_CLAIM_PATHS, ...JSON.parse(document.claims) },
    roles: { map: JSON.parse(document.roleMap), fallback: document.roleFallback as UpstreamProvider['roles']['fallback'] },
    creation: document.creation as UpstreamProvider['creation'],
    creationDomains: document.creationDomains,
    trustedDomains: document.trustedDomains,
    homeDomains: document.homeDomains,
    secondFactor: document.secondFactor as UpstreamProvider['secondFactor'],
    endsSession: document.endsSession ?? false,
    keepsTokens: document.keepsTokens ?? false,
    disabled: document.disabled,
    configured: false,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  };
}
