import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AccountId } from '../accounts/account.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { HouseToken } from './house-token.ts';

/** When a private token was used last is written down once a minute at most. */
const MINUTE_MS = 60_000;

/** Tokens of which this process knows when it wrote last. */
const REMEMBERED = 10_000;

/** When private tokens were used last. Beside the tokens, not in them: a note that arrives late must not bring an ended token back. */
export interface TokenUses {
  note(token: HouseToken): Promise<void>;
  forget(token: Pick<HouseToken, 'id'>): Promise<void>;
  /** By token id. */
  of(account: AccountId): Promise<ReadonlyMap<string, Date>>;
}

export function createTokenUses({ artifacts, clock, logger }: { artifacts: ArtifactStore; clock: Clock; logger: Logger }): TokenUses {
  const noted = new Map<string, number>();
  return {
    async note({ id, accountId, expiresAt }) {
      const now = clock().getTime();
      if (now - (noted.get(id) ?? 0) < MINUTE_MS) return;
      try {
        await artifacts.put('PrivateTokenUse', id, { accountId, payload: { at: now } }, expiresAt);
      } catch (error) {
        return logger.warn({ err: error, tokenId: id }, 'the use of a private token was not written down');
      }
      if (noted.size >= REMEMBERED) noted.clear();
      noted.set(id, now);
    },
    async forget({ id }) {
      noted.delete(id);
      await artifacts.remove('PrivateTokenUse', id);
    },
    async of(account) {
      const entries = await artifacts.list('PrivateTokenUse', 'accountId', account);
      return new Map(entries.map(({ id, artifact }) => [id, new Date(Number(artifact.payload.at))]));
    },
  };
}
