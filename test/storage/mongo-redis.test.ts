import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { after } from '../contract/harness.ts';
import { withLatency } from '../contract/latency.ts';
import { raceContract } from '../contract/race.contract.ts';
import { storageContract } from '../contract/storage.contract.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { addressOn, startRedis, whyNoRedis } from '../support/redis.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { mongoRedisArena, mongoRedisHarness, openStores } from './mongo-redis-harness.ts';

const mongodb = await mongodbForTests();
const missing = mongodb.missing ?? (process.env.GATEHOUSE_TEST_REDIS_URL === undefined ? whyNoRedis() : undefined);

const open = mongoRedisHarness(mongodb);

describe('MongoDB and Redis as one store', { skip: missing ?? false }, () => {
  storageContract('mongo-redis', open);
  storageContract('mongo-redis with latency', withLatency(open));
  raceContract('mongo-redis', mongoRedisArena(mongodb));

  it('removes what hangs on a grant from both, or only the kinds that are named', async () => {
    await using harness = await open();
    const { artifacts } = harness.storage;
    const kinds = ['Grant', 'RefreshToken', 'Consent', 'AccessToken', 'AuthorizationCode'];
    const later = after(harness.clock, 60);
    const left = async () => {
      const found = await Promise.all(kinds.map((kind) => artifacts.find(kind, 'a')));
      return kinds.filter((_, index) => found[index] !== undefined);
    };
    const fill = () => Promise.all(kinds.map((kind) => artifacts.put(kind, 'a', { payload: {}, grantId: 'g' }, later)));
    for (const [named, kept] of [
      [
        ['RefreshToken', 'AccessToken'],
        ['Grant', 'Consent', 'AuthorizationCode'],
      ],
      [['RefreshToken'], ['Grant', 'Consent', 'AccessToken', 'AuthorizationCode']],
      [['AccessToken'], ['Grant', 'RefreshToken', 'Consent', 'AuthorizationCode']],
      [[], kinds],
      [undefined, []],
    ] as const) {
      await fill();
      assert.equal(await artifacts.removeBy('grantId', 'g', named), kinds.length - kept.length);
      assert.deepEqual(await left(), kept);
    }
  });

  it('says which of them does not answer, or both, and no address', async () => {
    await using redis = await startRedis();
    await using database = mongodb.borrowDatabase();
    const { host } = new URL(database.uri.replace('mongodb:', 'http:'));
    const [name = '', port = ''] = host.split(':');
    await using proxy = await openTcpProxy({ host: name, port: Number(port) });
    await using storage = await openStores(database.uri.replace(host, `127.0.0.1:${proxy.port}`), addressOn(redis), { timeoutMs: 1000 });
    await storage.ping();
    const fault = async () => {
      const { detail } = await storage.ping().then(
        () => ({ detail: 'answers' }),
        (error: { detail: string }) => error,
      );
      for (const address of [String(proxy.port), String(redis.port), '127.0.0.1']) assert.ok(!detail.includes(address), detail);
      return detail;
    };
    proxy.cut();
    assert.match(await fault(), /^MongoDB: [^;]+$/);
    await redis.kill();
    assert.match(await fault(), /^MongoDB: .+; Redis: .+$/);
    proxy.mend();
    await storage.keys.list().catch(() => undefined);
    assert.match(await fault(), /^Redis: [^;]+$/);
  });
});
