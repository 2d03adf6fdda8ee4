import { mongodbForTests } from './mongodb.ts';
import { type RedisAddress, redisForTests, whyNoRedis } from './redis.ts';

/** A store the tests can run a server on. */
export interface StoreForTests {
  readonly name: string;
  /** Why it cannot be had here; undefined when it can. */
  readonly missing?: string | undefined;
  /** The GATEHOUSE_ variables that name a fresh, empty one. For SQLite the data folder does so already. */
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

/** Every store there is; what has to hold for a server holds on each of them. To be called while a test file is loading. */
export async function storesForTests(): Promise<readonly StoreForTests[]> {
  const mongodb = await mongodbForTests();
  const noRedis = process.env.GATEHOUSE_TEST_REDIS_URL === undefined ? whyNoRedis() : undefined;
  return [
    { name: 'sqlite', fresh: async () => ({}) },
    {
      name: 'mongo-redis',
      missing: mongodb.missing ?? noRedis,
      fresh: async () => settingsFor(mongodb.newDatabase(), await redisForTests()),
    },
  ];
}
