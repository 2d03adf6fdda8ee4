import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { after } from '../contract/harness.ts';
import { withLatency } from '../contract/latency.ts';
import { raceContract } from '../contract/race.contract.ts';
import { linkDigest, sampleFactor, sampleLink, seedPeople } from '../contract/samples.ts';
import { storageContract } from '../contract/storage.contract.ts';
import { eventually } from '../support/eventually.ts';
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

  it('keeps what lives for weeks when Redis has forgotten everything', async () => {
    await using redis = await startRedis();
    await using database = mongodb.borrowDatabase();
    await using storage = await openStores(database.uri, addressOn(redis));
    const lasting = [
      'Grant',
      'RefreshToken',
      'Consent',
      'ReplayDetection',
      'PrivateToken',
      'PrivateTokenUse',
      'CloudRefreshToken',
      'SignInPlace',
    ];
    const kinds = [...lasting, 'SessionToken', 'CloudAccessToken', 'Session'];
    const rule = { limit: 1, windowSeconds: 3600 };
    for (const kind of kinds) await storage.artifacts.put(kind, 'a', { payload: {} }, new Date('2100-01-01'));
    for (const allowed of [true, false]) assert.equal((await storage.rates.hit('k', rule)).allowed, allowed);
    await redis.kill();
    await assert.rejects(storage.rates.hit('k', rule), { name: 'StoreUnavailableError' });
    await redis.start();
    await eventually(() => storage.ping().then(() => true));
    const found = await Promise.all(kinds.map((kind) => storage.artifacts.find(kind, 'a')));
    assert.deepEqual(
      kinds.filter((_, index) => found[index] !== undefined),
      lasting,
    );
    assert.equal((await storage.rates.hit('k', rule)).allowed, true, 'a fresh window');
  });

  it('shows nothing of an account whose removal broke off, which another store could not take', async () => {
    await using harness = await open();
    const { accounts, mfa, links, holdings } = harness.storage;
    const { tenant, account } = await seedPeople(harness.storage);
    await accounts.remove(tenant.id, account.id);
    await mfa.enrol(tenant.id, sampleFactor(), ['c']);
    await links.put(sampleLink({ expiresAt: after(harness.clock, 60) }));
    const setup = sampleLink({ digest: linkDigest('setup'), accountId: undefined, expiresAt: after(harness.clock, 60) });
    await links.put(setup);
    assert.deepEqual(await Array.fromAsync(holdings.factors(10)), [[]]);
    assert.deepEqual(await Array.fromAsync(holdings.links(10)), [[setup]]);
    assert.equal(await accounts.remove(tenant.id, account.id), false);
    assert.equal(await mfa.find(tenant.id, account.id), undefined, 'removing it again clears up');
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
