import { mongodbForTests } from './mongodb.ts';
import { type RedisAddress, redisForTests, whyNoRedis } from './redis.ts';

/** A store the tests can run a server on. */
export interface StoreForTests {
  readonly name: string;
  /** Why it cannot be had here; undefined when it can. */
  readonly missing?: string | undefined;
  /** The GATEHOUSE_ variables that name a fresh, empty one; for SQLite it is in the data folder. */
  fresh(): Promise<Readonly<Record<string, string>>>;
}

/** The GATEHOUSE_ variables for MongoDB and Redis at these addresses. */
export function settingsFor(
  mongodb: string,
  redis: Pick<RedisAddress, 'nodes' | 'keyPrefix'> & Partial<RedisAddress>,
): Record<string, string> {
  return {
    GATEHOUSE_STORAGE__KIND: 'mongo-redis',
    GATEHOUSE_STORAGE__MONGODB__URI: mongodb,
    GATEHOUSE_STORAGE__REDIS__NODES: JSON.stringify(redis.nodes),
    GATEHOUSE_STORAGE__REDIS__KEY_PREFIX: redis.keyPrefix,
    ...(redis.password !== undefined && { GATEHOUSE_STORAGE__REDIS__PASSWORD: redis.password }),
    ...(redis.username !== undefined && { GATEHOUSE_STORAGE__REDIS__USERNAME: redis.username }),
    ...(redis.tls && { GATEHOUSE_STORAGE__REDIS__TLS: 'true' }),
    ...(redis.database !== undefined && { GATEHOUSE_STORAGE__REDIS__DATABASE: String(redis.database) }),
  };
}

/** For a test that looks into the data folder, or gives it to a second server. */
export const SQLITE: StoreForTests = { name: 'sqlite', fresh: async () => ({ GATEHOUSE_STORAGE__KIND: 'sqlite' }) };

/** Every store there is; what has to hold for a server holds on each of them. To be called while a test file is loading. */
export async function storesForTests(): Promise<readonly StoreForTests[]> {
  const mongodb = await mongodbForTests();
  const noRedis = process.env.GATEHOUSE_TEST_REDIS_URL === undefined ? whyNoRedis() : undefined;
  return [
    SQLITE,
    {
      name: 'mongo-redis',
      missing: mongodb.missing ?? noRedis,
      fresh: async () => settingsFor(mongodb.newDatabase(), await redisForTests()),
    },
  ];
}

/**
 * The store that GATEHOUSE_TEST_STORE names, for servers whose test does not say: SQLite, without waiting for the disk, unless it is set.
 * @throws Error when it cannot be had
 */
export async function storeOfThisRun(): Promise<StoreForTests> {
  const name = process.env.GATEHOUSE_TEST_STORE ?? SQLITE.name;
  if (name === SQLITE.name) return { ...SQLITE, fresh: async () => ({ GATEHOUSE_STORAGE__SQLITE__SYNCHRONOUS: 'normal' }) };
  const store = (await storesForTests()).find((each) => each.name === name);
  if (!store || store.missing) throw new Error(store?.missing ?? `there is no store ${name}`);
  return store;
}
