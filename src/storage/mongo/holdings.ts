import mongoose, { type Connection, type Model } from 'mongoose';
import type { Clock } from '../../lib/clock.ts';
import type { Gate } from '../gate.ts';
import type { Holdings } from '../holdings.ts';
import { type ArtifactDocument, isLive, toStored } from './artifact-store.ts';
import { type AuditDocument, fromEvent, insertMissing, toEvent } from './audit-log.ts';
import { type IdentityDocument, toIdentity } from './identity-store.ts';
import { type FactorDocument, toEnrolled } from './mfa-store.ts';
import { type LinkDocument, toLink } from './one-time-link-store.ts';
import { toTokens } from './upstream-token-store.ts';

/** Over the models that the stores have registered. Each page passes the gate by itself: between two of them the reader may take its time. */
export function createHoldings(connection: Connection, clock: Clock, pass: Gate['pass']): Holdings {
  const events = connection.model<AuditDocument>('audit_events');

  async function* pages<Document extends { readonly _id: string | number }, Entry>(
    model: Model<Document>,
    limit: number,
    toEntries: (documents: readonly Document[]) => readonly Entry[] | Promise<readonly Entry[]>,
  ) {
    let filter = {};
    for (;;) {
      const after = filter;
      const documents = await pass(() => model.find(after).sort({ _id: 1 }).limit(limit).lean<Document[]>().exec());
      const last = documents.at(-1);
      if (!last) return;
      yield await toEntries(documents);
      filter = { _id: mongoose.trusted({ $gt: last._id }) };
    }
  }

  /** Without what is left of an account whose removal broke off: it is of no use to anybody, and a store with foreign keys could not take it. */
  const ofPeople = async <Entry>(entries: readonly Entry[], accountOf: (entry: Entry) => string | undefined) => {
    const ids = entries.map(accountOf).filter((id) => id !== undefined);
    const accounts = connection.model<{ readonly _id: string }>('accounts');
    const found = await pass(() =>
      accounts
        .find({ _id: mongoose.trusted({ $in: ids }) }, { _id: 1 })
        .lean()
        .exec(),
    );
    const people = new Set<string | undefined>([undefined, ...found.map(({ _id }) => _id)]);
    return entries.filter((entry) => people.has(accountOf(entry)));
  };

  return {
    factors: (limit) =>
      pages(connection.model<FactorDocument>('totp_factors'), limit, (found) =>
        ofPeople(found.map(toEnrolled), ({ factor }) => factor.accountId),
      ),
    identities: (limit) =>
      pages(connection.model<IdentityDocument>('federated_identities'), limit, (found) =>
        ofPeople(found.map(toIdentity), ({ accountId }) => accountId),
      ),
    upstreamTokens: (limit) =>
      pages(connection.model<IdentityDocument>('federated_identities'), limit, (found) =>
        ofPeople(found.flatMap(toTokens), ({ identity }) => identity.accountId),
      ),
    links: (limit) =>
      pages(connection.model<LinkDocument>('one_time_links'), limit, (found) =>
        ofPeople(found.filter(({ expiresAt }) => expiresAt > clock()).map(toLink), ({ accountId }) => accountId),
      ),
    artifacts: (limit) =>
      pages(connection.model<ArtifactDocument>('artifacts'), limit, (found) =>
        found.filter((document) => isLive(document, clock())).map(toStored),
      ),
    auditEvents: (limit) => pages(events, limit, (found) => found.map(toEvent)),
    async restoreAuditEvents(missing) {
      await pass(() => insertMissing(events, missing.map(fromEvent)));
    },
  };
}
