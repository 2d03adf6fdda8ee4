import { randomUUID } from 'node:crypto';
import mongoose, { type Connection, Schema } from 'mongoose';
import { accountId } from '../../domain/accounts/account.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { type FederatedIdentity, identityId } from '../../domain/federation/identity.ts';
import type { IdentityRemoval, IdentityStore } from '../../domain/federation/identity-store.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import { type CompareAndSwap, LOST } from './compare-and-swap.ts';
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
  /** A mark of whoever is about to remove it, and since when. It still signs in. */
  readonly leaving?: string | undefined;
  readonly leavingAt?: Date | undefined;
  /** See upstream-token-store.ts. */
  readonly sealedTokens?: string | undefined;
  readonly tokensDueAt?: Date | undefined;
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
    leaving: String,
    leavingAt: Date,
    sealedTokens: String,
    tokensDueAt: Date,
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', identity: 'identity' };

/** A mark that is older was left by somebody who broke off. */
const LEAVING_MS = 10_000;
const UNMARK = { $unset: { leaving: 1, leavingAt: 1 } } as const;

type Owner = Pick<IdentityDocument, 'tenantId' | 'accountId'>;
type Key = Owner & { readonly _id: string };

export function createIdentityStore(connection: Connection, compareAndSwap: CompareAndSwap): IdentityStore {
  const identities = connection.model('federated_identities', SCHEMA, 'federated_identities');
  const hasAccount = async ({ tenantId, accountId }: Owner) =>
    (await connection.model<{ readonly _id: string; readonly tenantId: string }>('accounts').exists({ _id: accountId, tenantId })) !== null;

  /** An identity whose account is gone is left from a removal that broke off; it keeps nobody out. */
  async function makeWay({ issuer, subject }: FederatedIdentity): Promise<void> {
    const holder = await identities.findOne({ issuer, subject }).lean<IdentityDocument>();
    if (holder && !(await hasAccount(holder))) await identities.deleteOne({ _id: holder._id, accountId: holder.accountId });
  }

  /** What would be left without it. `unsure`: another one, which may be about to go as well. */
  async function restOf({ _id, ...owner }: Key, ways: readonly string[]): Promise<'some' | 'unsure' | 'none'> {
    const hasPassword = mongoose.trusted({ $exists: true });
    const accounts = connection.model<{ readonly _id: string; readonly tenantId: string; readonly passwordHash?: string }>('accounts');
    if (await accounts.exists({ _id: owner.accountId, tenantId: owner.tenantId, passwordHash: hasPassword })) return 'some';
    const rest = ways.filter((way) => way !== _id);
    const others = await identities.find({ ...owner, _id: mongoose.trusted({ $in: rest }) }).lean<IdentityDocument[]>();
    if (others.some(({ leaving }) => leaving === undefined)) return 'some';
    for (const { _id: other, leaving = '', leavingAt } of others)
      if (Date.now() - Number(leavingAt) > LEAVING_MS) await identities.updateOne({ _id: other, leaving }, UNMARK);
    return others.length > 0 ? 'unsure' : 'none';
  }

  /**
   * Marks it, looks what would be left, and removes it while it has this mark, or takes the mark back. Of two that do this at once, the later one
   * sees the mark of the other. No clock decides: a mark that is stale is taken away before anybody counts on what had it.
   */
  async function leave(key: Key, ways: readonly string[]): Promise<IdentityRemoval | typeof LOST> {
    const leaving = randomUUID();
    if ((await identities.updateOne(key, { $set: { leaving, leavingAt: new Date() } })).matchedCount === 0) return 'absent';
    const rest = await restOf(key, ways);
    if (rest === 'some') return (await identities.deleteOne({ ...key, leaving })).deletedCount === 1 ? 'removed' : LOST;
    await identities.updateOne({ ...key, leaving }, UNMARK);
    return rest === 'none' ? 'last' : LOST;
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
    remove: (tenant, account, id, ways) => compareAndSwap(account, () => leave({ _id: id, tenantId: tenant, accountId: account }, ways)),
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
