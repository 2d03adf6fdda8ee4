import type { Artifact, ArtifactStore } from '../../src/domain/tokens/artifact-store.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type MongoOptions, type MongoStores, openMongo } from '../../src/storage/mongo/open-mongo.ts';
import type { Storage } from '../../src/storage/storage.ts';
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

/** The ports of MongoDB as part of a whole store; the rest is SQLite. */
function joined(mongo: MongoStores, sqlite: Storage): Storage {
  return {
    ...sqlite,
    ...mongo,
    artifacts: joinedArtifacts(mongo.artifacts, sqlite.artifacts),
    holdings: {
      ...mongo.holdings,
      async *artifacts(limit) {
        yield* mongo.holdings.artifacts(limit);
        yield* sqlite.holdings.artifacts(limit);
      },
    },
    sweep: async () => 0,
    async [Symbol.asyncDispose]() {
      await mongo[Symbol.asyncDispose]();
      await sqlite[Symbol.asyncDispose]();
    },
  };
}

/** Every kind is in MongoDB, so that all of the contract is put to it; only artifacts with members, which it does not keep, are in SQLite. */
function joinedArtifacts(mongo: ArtifactStore, sqlite: ArtifactStore): ArtifactStore {
  const storeOf = ({ members }: Artifact) => (members === undefined ? mongo : sqlite);
  return {
    put: (kind, id, artifact, expiresAt) => storeOf(artifact).put(kind, id, artifact, expiresAt),
    putOnce: (kind, id, artifact, expiresAt) => storeOf(artifact).putOnce(kind, id, artifact, expiresAt),
    find: async (kind, id) => (await mongo.find(kind, id)) ?? (await sqlite.find(kind, id)),
    findBy: async (kind, index, value) => (await mongo.findBy(kind, index, value)) ?? (await sqlite.findBy(kind, index, value)),
    list: async (kind, index, value) => [...(await mongo.list(kind, index, value)), ...(await sqlite.list(kind, index, value))],
    consume: async (kind, id) => (await mongo.consume(kind, id)) || (await sqlite.consume(kind, id)),
    async remove(kind, id) {
      await mongo.remove(kind, id);
      await sqlite.remove(kind, id);
    },
    removeBy: async (index, value, kinds) => (await mongo.removeBy(index, value, kinds)) + (await sqlite.removeBy(index, value, kinds)),
  };
}

export function mongoHarness({ borrowDatabase }: MongodbForTests): OpenHarness {
  return async (): Promise<Harness> => {
    const { storage: sqlite, clock, [Symbol.asyncDispose]: removeSqlite } = await openSqliteHarness();
    const database = borrowDatabase();
    const storage = joined(await openTestMongo(database.uri, { clock: clock.now }), sqlite);
    return {
      storage,
      clock,
      async [Symbol.asyncDispose]() {
        await storage[Symbol.asyncDispose]();
        await removeSqlite();
        await database[Symbol.asyncDispose]();
      },
    };
  };
}
