import { describe } from 'node:test';
import { artifactStoreContract } from '../contract/artifact-store.contract.ts';
import { challengeStoreContract } from '../contract/challenge-store.contract.ts';
import { countersContract } from '../contract/counters.contract.ts';
import type { OpenHarness } from '../contract/harness.ts';
import { holdingsContract } from '../contract/holdings.contract.ts';
import { withLatency } from '../contract/latency.ts';
import { redisForTests, whyNoRedis } from '../support/redis.ts';
import { redisHarness } from './redis-harness.ts';

const missing = process.env.GATEHOUSE_TEST_REDIS_URL === undefined ? whyNoRedis() : undefined;

describe('the ports of Redis', { skip: missing ?? false }, () => {
  const open = redisHarness(redisForTests);
  contracts('redis', open);
  contracts('redis with latency', withLatency(open));
});

function contracts(name: string, open: OpenHarness): void {
  artifactStoreContract(name, open);
  challengeStoreContract(name, open);
  countersContract(name, open);
  holdingsContract(name, open);
}
