import { describe } from 'node:test';
import { artifactStoreContract } from '../contract/artifact-store.contract.ts';
import { redisForTests, whyNoRedis } from '../support/redis.ts';
import { redisHarness } from './redis-harness.ts';

const missing = process.env.GATEHOUSE_TEST_REDIS_URL === undefined ? whyNoRedis() : undefined;

/** The other ports of Redis are whole in mongo-redis.test.ts; here every kind of artifact is in Redis, so that all of the contract is put to it. */
describe('artifacts in Redis', { skip: missing ?? false }, () => artifactStoreContract('redis', redisHarness(redisForTests)));
