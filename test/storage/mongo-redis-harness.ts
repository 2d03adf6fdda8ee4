import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { openMongoRedis } from '../../src/storage/mongo-redis/open-mongo-redis.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { createTestClock, type OpenHarness } from '../contract/harness.ts';
import type { Arena } from '../contract/race.contract.ts';
import type { MongodbForTests } from '../support/mongodb.ts';
import { type RedisAddress, redisForTests } from '../support/redis.ts';

/** @param timeoutMs short where a store is made to fail */
export function openStores(
  uri: string,
  redis: RedisAddress,
  { clock = systemClock, timeoutMs = 10_000 }: { clock?: Clock; timeoutMs?: number } = {},
): Promise<Storage> {
  const anonymous = { username: undefined, password: undefined, caFile: undefined };
  return openMongoRedis({
    mongodb: { ...anonymous, uri, poolSize: 10, timeoutMs },
    redis: { ...redis, caFile: undefined, timeoutMs },
    clock,
  });
}

export function mongoRedisHarness(mongodb: MongodbForTests): OpenHarness {
  return async () => {
    const clock = createTestClock();
    const database = mongodb.borrowDatabase();
    const storage = await openStores(database.uri, await redisForTests(), { clock: clock.now });
    return {
      storage,
      clock,
      async [Symbol.asyncDispose]() {
        await storage[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  };
}

/** @param location the URI of the database and the address of Redis, as JSON */
export function openAt(location: string): Promise<Storage> {
  const { uri, redis } = JSON.parse(location);
  return openStores(uri, redis);
}

export function mongoRedisArena(mongodb: MongodbForTests): () => Promise<Arena> {
  return async () => {
    const location = JSON.stringify({ uri: mongodb.newDatabase(), redis: await redisForTests() });
    const storage = await openAt(location);
    return { storage, location, opener: new URL(import.meta.url), [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose]() };
  };
}
