import { systemClock } from '../../src/lib/clock.ts';
import { type MongoOptions, type MongoStores, openMongo } from '../../src/storage/mongo/open-mongo.ts';
import type { Harness, OpenHarness } from '../contract/harness.ts';
import { openSqliteHarness } from '../contract/sqlite-harness.ts';
import type { MongodbForTests } from '../support/mongodb.ts';

export function openTestMongo(uri: string, options: Partial<MongoOptions> = {}): Promise<MongoStores> {
  return openMongo({
    uri,
    username: undefined,
    password: undefined,
    caFile: undefined,
    poolSize: 20,
    timeoutMs: 10_000,
    clock: systemClock,
    ...options,
  });
}

/** For processes that open the same database: they are told no more than a location. */
export const openAt = (uri: string): Promise<MongoStores> => openTestMongo(uri);

/** The artifacts of MongoDB as part of a whole store; the rest is SQLite. */
export function mongoHarness({ borrowDatabase }: MongodbForTests): OpenHarness {
  return async (): Promise<Harness> => {
    const sqlite = await openSqliteHarness();
    const { clock } = sqlite;
    const database = borrowDatabase();
    const mongo = await openTestMongo(database.uri, { clock: clock.now });
    return {
      storage: { ...sqlite.storage, artifacts: mongo.artifacts, sweep: async () => 0 },
      clock,
      async [Symbol.asyncDispose]() {
        await mongo[Symbol.asyncDispose]();
        await sqlite[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  };
}
