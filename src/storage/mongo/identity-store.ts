import { type Connection, Schema } from 'mongoose';
import { accountId } from '../../domain/accounts/account.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { type FederatedIdentity, identityId } from '../../domain/federation/identity.ts';
import type { IdentityStore } from '../../domain/federation/identity-store.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { isDuplicate, rethrowTaken } from './mongo-errors.ts';

/** Fields that are undefined are not there. */
export interface IdentityDocument {
  readonly _id: string;
  readonly tenantId: string;
  readonly accountId: string;
  readonly providerId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly label: string;
  readonly linkedAt: Date;
  readonly lastSignInAt?: Date | undefined;
}

const SCHEMA = new Schema<IdentityDocument>(
  {
    _id: { type: String, required: true },
    tenantId: { type: String, required: true },
    accountId: { type: String, required: true },
    providerId: { type: String, required: true },
    issuer: { type: String, required: true },
    subject: { type: String, required: true },
    // Not `required`, which refuses an empty text.
    label: String,
    linkedAt: { type: Date, required: true },
    lastSignInAt: Date,
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', identity: 'identity' };

type Owner = Pick<IdentityDocument, 'tenantId' | 'accountId'>;

export function createIdentityStore(connection: Connection): IdentityStore {
  const identities = connection.model('federated_identities', SCHEMA, 'federated_identities');
  const hasAccount = async ({ tenantId, accountId }: Owner) =>
    (await connection.model<{ readonly _id: string; readonly tenantId: string }>('accounts').exists({ _id: accountId, tenantId })) !== null;

  /** An identity whose account is gone is left from a removal that broke off; it keeps nobody out. */
  async function makeWay({ issuer, subject }: FederatedIdentity): Promise<void> {
    const holder = await identities.findOne({ issuer, subject }).lean<IdentityDocument>();
    if (holder && !(await hasAccount(holder))) await identities.deleteOne({ _id: holder._id, accountId: holder.accountId });
  }

  return {
    async create(identity) {
      const document = fromIdentity(identity);
      try {
        await identities.create(document);
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        await makeWay(identity);
        await identities.create(document).catch((again) => rethrowTaken(again, UNIQUE_FIELDS));
      }
      // Looked at afterwards: an account is removed before its identities, so that either its removal takes this one along, or this sees it gone.
      if (await hasAccount(document)) return;
      await identities.deleteOne({ _id: identity.id });
      throw new NotFoundError('This account was removed in the meantime.');
    },
    async find(issuer, subject) {
      const document = await identities.findOne({ issuer, subject }).lean<IdentityDocument>();
      return document && (await hasAccount(document)) ? toIdentity(document) : undefined;
    },
    async noteSignIn(id, label, at) {
      await identities.updateOne({ _id: id }, { $set: { label, lastSignInAt: at } });
    },
    async list(tenant, account) {
      const found = await identities
        .find({ tenantId: tenant, accountId: account })
        .sort({ linkedAt: 1, _id: 1 })
        .lean<IdentityDocument[]>();
      return found.map(toIdentity);
    },
    remove: async (tenant, account, id) =>
      (await identities.deleteOne({ _id: id, tenantId: tenant, accountId: account })).deletedCount === 1,
  };
}

function fromIdentity(identity: FederatedIdentity): IdentityDocument {
  return {
    _id: identity.id,
    tenantId: identity.tenantId,
    accountId: identity.accountId,
    providerId: identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    label: identity.label,
    linkedAt: identity.linkedAt,
    lastSignInAt: identity.lastSignInAt,
  };
}

export function toIdentity(document: IdentityDocument): FederatedIdentity {
  return {
    id: identityId(document._id),
    tenantId: tenantId(document.tenantId),
    accountId: accountId(document.accountId),
    providerId: providerId(document.providerId),
    issuer: document.issuer,
    subject: document.subject,
    label: document.label,
    linkedAt: document.linkedAt,
    lastSignInAt: document.lastSignInAt,
  };
}
