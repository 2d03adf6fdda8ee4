import mongoose, { type Connection } from 'mongoose';
import type { TokensOfIdentity, UpstreamTokenStore } from '../../domain/federation/upstream-token-store.ts';
import { type IdentityDocument, toIdentity } from './identity-store.ts';

/** Over the model that the identity store has registered: tokens are fields of an identity. */
export function createUpstreamTokenStore(connection: Connection): UpstreamTokenStore {
  const identities = connection.model<IdentityDocument>('federated_identities');

  return {
    async keep(id, { sealed, dueAt }) {
      await identities.updateOne({ _id: id }, { $set: { sealedTokens: sealed, tokensDueAt: dueAt } });
    },
    async due(now, limit) {
      const found = await identities
        .find({ tokensDueAt: mongoose.trusted({ $lte: now }) })
        .sort({ tokensDueAt: 1 })
        .limit(limit)
        .lean<IdentityDocument[]>();
      return found.flatMap(toTokens);
    },
    async swap(id, old, next) {
      const change = next
        ? { $set: { sealedTokens: next.sealed, tokensDueAt: next.dueAt } }
        : { $unset: { sealedTokens: 1 as const, tokensDueAt: 1 as const } };
      const { matchedCount } = await identities.updateOne({ _id: id, sealedTokens: old.sealed, tokensDueAt: old.dueAt }, change);
      return matchedCount === 1;
    },
  };
}

/** None, or one. */
export function toTokens(document: IdentityDocument): readonly TokensOfIdentity[] {
  const { sealedTokens: sealed, tokensDueAt: dueAt } = document;
  return sealed === undefined || dueAt === undefined ? [] : [{ identity: toIdentity(document), tokens: { sealed, dueAt } }];
}
