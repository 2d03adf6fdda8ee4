import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { shareMongodb, withDatabase } from '../test/support/mongodb.ts';
import { startRedis, whyNoRedis } from '../test/support/redis.ts';
import { settingsFor } from '../test/support/stores.ts';

/** A store that a server can be measured on. */
export interface BenchStore {
  readonly name: string;
  /** The GATEHOUSE_ variables that name a fresh, empty one. For SQLite the data folder does so already. */
  fresh(): Promise<Readonly<Record<string, string>>>;
}

export const SQLITE: BenchStore = { name: 'SQLite', fresh: async () => ({}) };

/**
 * MongoDB, which is found as the tests find it, and a Redis of the benchmark's own that writes an append-only file. What was made is gone when
 * `made` is disposed of. Resolves to the reason when there is none.
 */
export async function productionStore(made: AsyncDisposableStack): Promise<BenchStore | string> {
  const noRedis = whyNoRedis();
  if (noRedis !== undefined) return noRedis;
  const started = await shareMongodb();
  if (started) made.use(started);
  const server = process.env.GATEHOUSE_TEST_MONGODB_URL;
  if (!server) return process.env.GATEHOUSE_TEST_MONGODB_MISSING ?? 'needs MongoDB';
  const redis = made.use(await startRedis({ args: ['--appendonly', 'yes'] }));
  return {
    name: 'MongoDB + Redis',
    async fresh() {
      const name = `gatehouse_bench_${randomUUID()}`;
      const uri = withDatabase(server, name);
      made.defer(() => dropDatabase(uri));
      return settingsFor(uri, { nodes: [redis.node], keyPrefix: `${name}:` });
    },
  };
}

async function dropDatabase(uri: string): Promise<void> {
  const client = await new mongoose.mongo.MongoClient(uri).connect();
  await client.db().dropDatabase();
  await client.close();
}
