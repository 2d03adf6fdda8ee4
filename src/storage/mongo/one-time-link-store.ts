import mongoose, { type Connection, Schema } from 'mongoose';
import { accountId } from '../../domain/accounts/account.ts';
import type { LinkDigest, OneTimeLink, OneTimeLinkStore } from '../../domain/accounts/one-time-link.ts';
import type { Clock } from '../../lib/clock.ts';
import { upsert } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS, sweepAt } from './documents.ts';

export interface LinkDocument {
  /** Purpose and account, of which there is one link: putting replaces the older one in the same statement. */
  readonly _id: string;
  readonly digest: string;
  readonly purpose: string;
  /** Not there for the first administrator. */
  readonly accountId?: string | undefined;
  readonly expiresAt: Date;
  readonly sweepAt: Date;
}

const SCHEMA = new Schema<LinkDocument>(
  {
    _id: { type: String, required: true },
    digest: { type: String, required: true },
    purpose: { type: String, required: true },
    accountId: String,
    expiresAt: { type: Date, required: true },
    sweepAt: { type: Date, required: true },
  },
  SCHEMA_OPTIONS,
);

export function createOneTimeLinkStore(connection: Connection, clock: Clock): OneTimeLinkStore {
  const links = connection.model('one_time_links', SCHEMA, 'one_time_links');
  const live = (digest: LinkDigest, now: Date) => ({ digest, expiresAt: mongoose.trusted({ $gt: now }) });

  return {
    async put(link) {
      const document = fromLink(link, clock);
      await upsert(() => links.replaceOne({ _id: document._id }, document, { upsert: true }).exec());
    },
    async find(digest, now) {
      const document = await links.findOne(live(digest, now)).lean<LinkDocument>();
      return document ? toLink(document) : undefined;
    },
    take: async (digest, now) => (await links.deleteOne(live(digest, now))).deletedCount === 1,
    async removeFor(account) {
      await links.deleteMany({ accountId: account });
    },
  };
}

function fromLink(link: OneTimeLink, clock: Clock): LinkDocument {
  return {
    _id: `${link.purpose} ${link.accountId ?? ''}`,
    digest: link.digest,
    purpose: link.purpose,
    accountId: link.accountId,
    expiresAt: link.expiresAt,
    sweepAt: sweepAt(link.expiresAt, clock),
  };
}

export function toLink(document: LinkDocument): OneTimeLink {
  return {
    digest: document.digest as LinkDigest,
    purpose: document.purpose as OneTimeLink['purpose'],
    accountId: document.accountId === undefined ? undefined : accountId(document.accountId),
    expiresAt: document.expiresAt,
  };
}
