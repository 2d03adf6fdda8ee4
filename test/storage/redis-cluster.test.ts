import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { artifactStoreContract } from '../contract/artifact-store.contract.ts';
import { challengeStoreContract } from '../contract/challenge-store.contract.ts';
import { countersContract } from '../contract/counters.contract.ts';
import { times, winners } from '../contract/harness.ts';
import { rateLimitsContract } from '../contract/rate-limits.contract.ts';
import { eventually } from '../support/eventually.ts';
import { addressOn, type RedisAddress, type RedisCluster, type RedisServer, startRedisCluster, whyNoRedis } from '../support/redis.ts';
import { createTestGenerations, openTestRedis, redisHarness } from './redis-harness.ts';

const LATER = new Date('2100-01-01T00:00:00Z');

describe('a cluster of three primaries', { skip: whyNoRedis() ?? false }, () => {
  let cluster: RedisCluster;
  before(async () => {
    cluster = await startRedisCluster();
  });
  after(() => cluster[Symbol.asyncDispose]());
  const address = (): RedisAddress => {
    const [first] = cluster.servers as readonly [RedisServer];
    return { ...addressOn(first), topology: 'cluster', nodes: cluster.servers.map((server) => server.node) };
  };

  const open = redisHarness(async () => address());
  artifactStoreContract('redis cluster', open);
  challengeStoreContract('redis cluster', open);
  countersContract('redis cluster', open);
  rateLimitsContract('redis cluster', open);

  it('is used as a whole', async () => {
    await using redis = await openTestRedis(address());
    const keys = () => Promise.all(cluster.servers.map(async (server) => Number(await server.cli('DBSIZE'))));
    const before = await keys();
    await Promise.all(times(60, (n) => redis.artifacts.put('Session', `s${n}`, { payload: {} }, LATER)));
    assert.ok(
      (await keys()).every((count, n) => count > (before[n] ?? 0)),
      'every server got some',
    );
  });

  it('accepts nothing of the old generation anywhere, once one server was restarted empty', async () => {
    const generations = createTestGenerations();
    const place = address();
    await using one = await openTestRedis(place, { generations });
    await using other = await openTestRedis(place, { generations });
    const codes = times(30, (n) => `code-${n}`);
    await Promise.all(codes.map((code) => one.artifacts.put('AuthorizationCode', code, { payload: {} }, LATER)));
    for (const code of codes) assert.ok(await other.artifacts.find('AuthorizationCode', code));
    const [first] = cluster.servers as readonly [RedisServer];
    const counted = generations.now();
    await first.kill();
    await first.start();
    // Some keys are on the server that was restarted: whoever meets it begins the next generation.
    await eventually(async () => {
      for (const code of codes) await one.artifacts.find('AuthorizationCode', code);
      return generations.now() > counted;
    });
    await eventually(async () => {
      const found = await Promise.all(codes.map((code) => other.artifacts.find('AuthorizationCode', code)));
      return found.every((each) => each === undefined);
    });
    const answers = await Promise.all(
      codes.flatMap((code) => [one, other].map((redis) => redis.artifacts.consume('AuthorizationCode', code))),
    );
    assert.equal(winners(answers), 0);
    assert.equal(generations.now(), counted + 1);
  });
});
