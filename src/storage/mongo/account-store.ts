import mongoose, { type Connection, Schema } from 'mongoose';
import { type Account, accountId, loginKey } from '../../domain/accounts/account.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { Role } from '../../domain/policy/roles.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import { type CompareAndSwap, LOST } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import type { IdentityDocument } from './identity-store.ts';
import type { FactorDocument } from './mfa-store.ts';
import { rethrowTaken } from './mongo-errors.ts';
import type { LinkDocument } from './one-time-link-store.ts';

/** Fields that are undefined are not there; what stands behind a version may be missing in documents that are older than it. */
interface AccountDocument {
  readonly _id: string;
  readonly tenantId: string;
  readonly email: string;
  readonly emailKey: string;
  readonly emailVerified: boolean;
  readonly username?: string | undefined;
  readonly usernameKey?: string | undefined;
  readonly displayName?: string | undefined;
  readonly phoneNumber?: string | undefined;
  /** Version 2. */
  readonly newsletter?: boolean;
  readonly role: string;
  readonly superAdministrator: boolean;
  readonly disabled: boolean;
  readonly passwordHash?: string | undefined;
  readonly credentialVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Counts up with every change. */
  readonly revision: number;
}

const SCHEMA = new Schema<AccountDocument>(
  {
    _id: { type: String, required: true },
    tenantId: { type: String, required: true },
    email: { type: String, required: true },
    emailKey: { type: String, required: true },
    emailVerified: { type: Boolean, required: true },
    username: String,
    usernameKey: String,
    displayName: String,
    phoneNumber: String,
    newsletter: { type: Boolean, required: true },
    role: { type: String, required: true },
    superAdministrator: { type: Boolean, required: true },
    disabled: { type: Boolean, required: true },
    passwordHash: String,
    credentialVersion: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    updatedAt: { type: Date, required: true },
    revision: { type: Number, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', emailKey: 'email', usernameKey: 'username' };

type Key = { readonly _id: string; readonly tenantId?: string } | { readonly emailKey: string } | { readonly usernameKey: string };

export function createAccountStore(connection: Connection, compareAndSwap: CompareAndSwap): AccountStore {
  const accounts = connection.model('accounts', SCHEMA, 'accounts');
  const one = async (key: Key) => {
    const document = await accounts.findOne(key).lean<AccountDocument>();
    return document ? toAccount(document) : undefined;
  };

  return {
    async create(account) {
      await accounts.create(fromAccount(account, 0)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (tenant, id) => one({ _id: id, tenantId: tenant }),
    findSubject: (id) => one({ _id: id }),
    findByLogin: (key) => one(key.includes('@') ? { emailKey: key } : { usernameKey: key }),
    update(tenant, id, change) {
      return compareAndSwap(id, async () => {
        const old = await accounts.findOne({ _id: id, tenantId: tenant }).lean<AccountDocument>();
        if (!old) return undefined;
        // An account keeps its id and its tenant for life.
        const next = fromAccount({ ...change(toAccount(old)), id, tenantId: tenant }, old.revision + 1);
        const { matchedCount } = await accounts
          .replaceOne({ _id: id, revision: old.revision }, next)
          .catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
        return matchedCount === 1 ? toAccount(next) : LOST;
      });
    },
    async remove(tenant, id) {
      // First the account, whose id is never used again: then nothing that a crash leaves behind opens anything. The other way round
      // it could leave an account that signs in without its second factor.
      const removed = (await accounts.deleteOne({ _id: id, tenantId: tenant })).deletedCount === 1;
      // Also when somebody else has removed the account, or this call before it broke off.
      await connection.model<FactorDocument>('totp_factors').deleteOne({ _id: id, tenantId: tenant });
      await connection.model<IdentityDocument>('federated_identities').deleteMany({ accountId: id, tenantId: tenant });
      if (removed) await connection.model<LinkDocument>('one_time_links').deleteMany({ accountId: id });
      return removed;
    },
    async list(tenant, { after = '', limit }) {
      const filter = { ...(tenant !== undefined && { tenantId: tenant }), _id: mongoose.trusted({ $gt: after }) };
      return (await accounts.find(filter).sort({ _id: 1 }).limit(limit).lean<AccountDocument[]>()).map(toAccount);
    },
    hasSuperAdministrator: async () => (await accounts.exists({ superAdministrator: true })) !== null,
  };
}

function fromAccount(account: Account, revision: number): AccountDocument {
  return {
    _id: account.id,
    tenantId: account.tenantId,
    email: account.email,
    emailKey: loginKey(account.email),
    emailVerified: account.emailVerified,
    username: account.username,
    usernameKey: account.username === undefined ? undefined : loginKey(account.username),
    displayName: account.displayName,
    phoneNumber: account.phoneNumber,
    newsletter: account.newsletter,
    role: account.role,
    superAdministrator: account.superAdministrator,
    disabled: account.disabled,
    passwordHash: account.passwordHash,
    credentialVersion: account.credentialVersion,
    createdAt: account.createdAt,
    updatedAt: account.updatedAt,
    revision,
  };
}

function toAccount(document: AccountDocument): Account {
  return {
    id: accountId(document._id),
    tenantId: tenantId(document.tenantId),
    email: document.email,
    emailVerified: document.emailVerified,
    username: document.username,
    displayName: document.displayName,
    phoneNumber: document.phoneNumber,
    newsletter: document.newsletter ?? false,
    role: document.role as Role,
    superAdministrator: document.superAdministrator,
    disabled: document.disabled,
    passwordHash: document.passwordHash,
    credentialVersion: document.credentialVersion,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
  };
}
