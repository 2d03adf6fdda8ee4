import { systemClock } from '../../src/lib/clock.ts';
import type { Generations } from '../../src/storage/generations.ts';
import { openRedis, type RedisOptions, type RedisStores } from '../../src/storage/redis/open-redis.ts';
import type { Harness, OpenHarness } from '../contract/harness.ts';
import { openSqliteHarness } from '../contract/sqlite-harness.ts';
import type { RedisAddress } from '../support/redis.ts';

/** In the place of MongoDB's document. One may be shared by several stores, as it is by processes. */
export function createTestGenerations(): Generations & { now(): number } {
  let counts = 1;
  return {
    current: async () => counts,
    async next(old) {
      if (old === counts) counts += 1;
      return counts;
    },
    now: () => counts,
  };
}

export function openTestRedis(address: RedisAddress, options: Partial<RedisOptions> = {}): Promise<RedisStores> {
  return openRedis({
    ...address,
    caFile: undefined,
    timeoutMs: 1000,
    generations: createTestGenerations(),
    clock: systemClock,
    ...options,
  });
}

/** The ports of Redis as part of a whole store; the rest is SQLite. */
export function redisHarness(address: () => Promise<RedisAddress>): OpenHarness {
  return async (): Promise<Harness> => {
    const sqlite = await openSqliteHarness();
    const { clock } = sqlite;
    const redis = await openTestRedis(await address(), { clock: clock.now, timeoutMs: 5000 });
    const { artifacts, challenges, counters, rates } = redis;
    const holdings = { ...sqlite.storage.holdings, ...redis.holdings };
    return {
      storage: { ...sqlite.storage, artifacts, challenges, counters, rates, holdings, ping: redis.ping, sweep: async () => 0 },
      clock,
      async [Symbol.asyncDispose]() {
        await redis[Symbol.asyncDispose]();
        await sqlite[Symbol.asyncDispose]();
      },
    };
  };
}
