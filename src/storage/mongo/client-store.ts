import mongoose, { type Connection, Schema } from 'mongoose';
import { type Client, type ClientSecret, type ClientType, clientId } from '../../domain/clients/client.ts';
import type { ClientStore } from '../../domain/clients/client-store.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import { type CompareAndSwap, LOST } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

/** What stands behind a version may be missing in documents that are older than it. */
interface ClientDocument {
  readonly _id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly type: string;
  readonly verified: boolean;
  readonly disabled: boolean;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly requirePkce: boolean;
  readonly refreshWithoutOfflineAccess: boolean;
  readonly allowedOrigins: readonly string[];
  /** Version 2. */
  readonly allowedAddresses?: readonly string[];
  readonly secrets: readonly ClientSecret[];
  /** JSON: the names in it may be anything. */
  readonly metadata: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Counts up with every change. */
  readonly revision: number;
}

const SECRET = new Schema<ClientSecret>(
  {
    id: { type: String, required: true },
    digest: { type: String, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: Date,
  },
  { ...SCHEMA_OPTIONS, _id: false },
);

const SCHEMA = new Schema<ClientDocument>(
  {
    _id: { type: String, required: true },
    tenantId: { type: String, required: true },
    name: { type: String, required: true },
    type: { type: String, required: true },
    verified: { type: Boolean, required: true },
    disabled: { type: Boolean, required: true },
    redirectUris: [String],
    postLogoutRedirectUris: [String],
    scopes: [String],
    requirePkce: { type: Boolean, required: true },
    refreshWithoutOfflineAccess: { type: Boolean, required: true },
    allowedOrigins: [String],
    allowedAddresses: [String],
    secrets: [SECRET],
    metadata: { type: String, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    revision: { type: Number, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id' };

export function createClientStore(connection: Connection, compareAndSwap: CompareAndSwap): ClientStore {
  const clients = connection.model('clients', SCHEMA, 'clients');

  return {
    async create(client) {
      await clients.create(fromClient(client, 0)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    async find(id) {
      const document = await clients.findOne({ _id: id }).lean<ClientDocument>();
      return document ? toClient(document) : undefined;
    },
    update(tenant, id, change) {
      return compareAndSwap(id, async () => {
        const old = await clients.findOne({ _id: id, tenantId: tenant }).lean<ClientDocument>();
        if (!old) return undefined;
        // A client keeps its id and its tenant for life.
        const next = fromClient({ ...change(toClient(old)), id, tenantId: tenant }, old.revision + 1);
        const { matchedCount } = await clients.replaceOne({ _id: id, revision: old.revision }, next);
        return matchedCount === 1 ? toClient(next) : LOST;
      });
    },
    remove: async (tenant, id) => (await clients.deleteOne({ _id: id, tenantId: tenant })).deletedCount === 1,
    async list(tenant, { after = '', limit }) {
      const filter = { ...(tenant !== undefined && { tenantId: tenant }), _id: mongoose.trusted({ $gt: after }) };
      return (await clients.find(filter).sort({ _id: 1 }).limit(limit).lean<ClientDocument[]>()).map(toClient);
    },
  };
}

function fromClient(client: Client, revision: number): ClientDocument {
  return {
    _id: client.id,
    tenantId: client.tenantId,
    name: client.name,
    type: client.type,
    verified: client.verified,
    disabled: client.disabled,
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    scopes: client.scopes,
    requirePkce: client.requirePkce,
    refreshWithoutOfflineAccess: client.refreshWithoutOfflineAccess,
    allowedOrigins: client.allowedOrigins,
    allowedAddresses: client.allowedAddresses,
    secrets: client.secrets.map(copySecret),
    metadata: JSON.stringify(client.metadata),
    createdAt: client.createdAt,
    updatedAt: client.updatedAt,
    revision,
  };
}

function toClient(document: ClientDocument): Client {
  return {
    id: clientId(document._id),
    tenantId: tenantId(document.tenantId),
    name: document.name,
    type: document.type as ClientType,
    verified: document.verified,
    disabled: document.disabled,
    redirectUris: document.redirectUris,
    postLogoutRedirectUris: document.postLogoutRedirectUris,
    scopes: document.scopes,
    requirePkce: document.requirePkce,
    refreshWithoutOfflineAccess: document.refreshWithoutOfflineAccess,
    allowedOrigins: document.allowedOrigins,
    allowedAddresses: document.allowedAddresses ?? [],
    secrets: document.secrets.map(copySecret),
    metadata: JSON.parse(document.metadata),
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  };
}

function copySecret({ id, digest, createdAt, expiresAt }: ClientSecret): ClientSecret {
  return { id, digest, createdAt, expiresAt };
}
