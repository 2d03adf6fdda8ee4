import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import type { RedisStores } from '../../src/storage/redis/open-redis.ts';
import { StorageUnusableError } from '../../src/storage/storage-unusable-error.ts';
import { times } from '../contract/harness.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { addressOn, startRedis, whyNoRedis } from '../support/redis.ts';
import { selfSigned } from '../support/self-signed.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { openTestRedis } from './redis-harness.ts';

const LATER = new Date('2100-01-01T00:00:00Z');
const TIMEOUT_MS = 300;

const put = (redis: RedisStores, id: string) => redis.artifacts.put('Session', id, { payload: { id } }, LATER);
const answers = (redis: RedisStores) => eventually(() => redis.ping().then(() => true));
const unavailable = (detail: RegExp) => (error: unknown) => error instanceof StoreUnavailableError && detail.test(error.detail ?? '');

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

describe('Redis in trouble', { skip: whyNoRedis() ?? false }, () => {
  it('is refused at the start when it evicts keys', async () => {
    await using server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const opened = openTestRedis(addressOn(server));
    await assert.rejects(opened, (error) => error instanceof StorageUnusableError && /allkeys-lru.*noeviction/s.test(error.message));
  });

  it('is not trusted any more once it evicts keys', async () => {
    await using server = await startRedis();
    await using redis = await openTestRedis(addressOn(server));
    await put(redis, 'a');
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
    await assert.rejects(redis.ping(), unavailable(/^Redis: evicts keys \(maxmemory-policy volatile-ttl\)$/));
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
    await delay(50);
    await eventually(() =>
      put(redis, 'b').then(
        () => true,
        (error) => unavailable(/evicts/)(error),
      ),
    );
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await answers(redis);
  });

  it('is refused at the start when it refuses the password, which no text repeats', async () => {
    await using server = await startRedis({ args: ['--requirepass', 'right-one'] });
    for (const password of ['wrong-one', undefined]) {
      const opened = openTestRedis({ ...addressOn(server), password });
      await assert.rejects(
        opened,
        (error) => error instanceof StorageUnusableError && error.reason === 'denied' && !/-one/.test(inspect(error, { depth: null })),
      );
    }
    await using redis = await openTestRedis({ ...addressOn(server), password: 'right-one' });
    await redis.ping();
  });

  it('may be down at the start: the store opens, says so, and works once it is up', async () => {
    const port = await freePort();
    await using redis = await openTestRedis(addressOn({ node: `127.0.0.1:${port}` }));
    await assert.rejects(redis.ping(), unavailable(/^Redis: connection refused$/));
    await assert.rejects(put(redis, 'a'), unavailable(/^Redis: connection refused$/));
    await using _server = await startRedis({ port });
    await answers(redis);
    await put(redis, 'a');
    assert.ok(await redis.artifacts.find('Session', 'a'));
  });

  it('is not used when it was down at the start and evicts keys', async () => {
    const port = await freePort();
    await using redis = await openTestRedis(addressOn({ node: `127.0.0.1:${port}` }));
    await using server = await startRedis({ port, args: ['--maxmemory-policy', 'allkeys-lfu'] });
    await eventually(() =>
      redis
        .ping()
        .catch(unavailable(/evicts/))
        .then(Boolean),
    );
    await assert.rejects(put(redis, 'a'), unavailable(/evicts/));
    assert.equal(await server.cli('DBSIZE'), '0');
  });

  it('refuses when it is full, and still reads and removes', async () => {
    await using server = await startRedis();
    await using redis = await openTestRedis(addressOn(server));
    await put(redis, 'first');
    const large = { payload: { text: 'x'.repeat(10_000) }, accountId: 'a' };
    await Promise.all(times(200, (n) => redis.artifacts.put('Session', `s${n}`, large, LATER)));
    const used = Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1]);
    await server.cli('CONFIG', 'SET', 'maxmemory', `${used - 1_000_000}`);
    const refused = (error: unknown) => unavailable(/^Redis: full/)(error) && !inspect(error, { depth: null }).includes('secret');
    await assert.rejects(put(redis, 'secret'), refused);
    await assert.rejects(redis.ping(), unavailable(/^Redis: full/));
    await assert.rejects(redis.artifacts.consume('Session', 'first'), unavailable(/^Redis: full/));
    await assert.rejects(redis.rates.hit('k', { limit: 1, windowSeconds: 60 }), unavailable(/^Redis: full/));
    assert.ok(await redis.artifacts.find('Session', 'first'));
    assert.equal(await redis.artifacts.removeBy('accountId', 'a'), 200);
    await answers(redis);
    assert.equal(await redis.artifacts.consume('Session', 'first'), true);
  });

  it('answers in time when the server is frozen, and goes on when it thaws', async () => {
    await using server = await startRedis();
    await using redis = await openTestRedis(addressOn(server), { timeoutMs: TIMEOUT_MS });
    await put(redis, 'before');
    server.pause();
    const slowest = await elapsed(async () => {
      const early = times(20, (n) => put(redis, `e${n}`));
      await delay(TIMEOUT_MS / 2);
      const late = times(20, (n) => redis.artifacts.find('Session', `l${n}`));
      const hit = redis.rates.hit('k', { limit: 1, windowSeconds: 60 });
      for (const result of await Promise.allSettled([...early, ...late, hit, redis.ping()]))
        assert.ok(
          result.status === 'rejected' && unavailable(/^Redis: no answer in time|^Redis: not connected|^Redis: connection/)(result.reason),
        );
    });
    // Not one after another: forty of them would take twelve seconds.
    assert.ok(slowest < TIMEOUT_MS * 10, `took ${slowest} ms`);
    assert.ok((await elapsed(() => assert.rejects(redis.ping(), unavailable(/^Redis: /)))) < TIMEOUT_MS * 10);
    server.resume();
    await answers(redis);
    assert.ok(await redis.artifacts.find('Session', 'before'), 'it was never restarted');
  });

  it('is left at once when the network stalls or is cut, without a storm of attempts, and found again', async () => {
    await using server = await startRedis();
    await using proxy = await openTcpProxy({ host: '127.0.0.1', port: server.port });
    await using redis = await openTestRedis(addressOn({ node: `127.0.0.1:${proxy.port}` }), { timeoutMs: TIMEOUT_MS });
    await put(redis, 'before');
    proxy.stall();
    await assert.rejects(put(redis, 'a'), unavailable(/^Redis: no answer in time/));
    proxy.mend();
    await answers(redis);
    proxy.cut();
    const { connections } = proxy;
    const taken = connections();
    const until = performance.now() + 2000;
    while (performance.now() < until) {
      const results = await Promise.allSettled(times(20, () => redis.artifacts.find('Session', 'before')));
      assert.ok(results.every((result) => result.status === 'rejected' && unavailable(/^Redis: /)(result.reason)));
      await delay(5);
    }
    assert.ok(connections() - taken < 10, `${connections() - taken} attempts in two seconds`);
    proxy.mend();
    await answers(redis);
    assert.ok(await redis.artifacts.find('Session', 'before'));
  });

  it('serves many at once over a slow network', async () => {
    await using server = await startRedis();
    await using proxy = await openTcpProxy({ host: '127.0.0.1', port: server.port });
    await using redis = await openTestRedis(addressOn({ node: `127.0.0.1:${proxy.port}` }));
    proxy.delay(20);
    await put(redis, 'first');
    const spent = await elapsed(() => Promise.all(times(200, (n) => put(redis, `s${n}`))));
    // One after another they would take eight seconds.
    assert.ok(spent < 3000, `200 puts at 40 ms a round trip took ${spent} ms`);
  });

  it('settles what was begun before it is closed, and refuses afterwards', async () => {
    await using server = await startRedis();
    const redis = await openTestRedis(addressOn(server));
    const begun = times(20, (n) => put(redis, `s${n}`));
    await Promise.all([...begun, redis[Symbol.asyncDispose]()]);
    await assert.rejects(put(redis, 'x'), unavailable(/closed/));
    await assert.rejects(redis.ping(), unavailable(/closed/));
    await redis[Symbol.asyncDispose]();
    assert.equal((await server.cli('KEYS', '*:artifact:*')).split('\n').length, 20);
  });

  it('is reached over TLS, and only with a certificate of the named authority', async () => {
    const { key, cert } = selfSigned();
    const tlsPort = await freePort();
    await using server = await startRedis({
      prepare: async (folder, port) => {
        await writeFile(join(folder, 'key.pem'), key);
        await writeFile(join(folder, 'cert.pem'), cert);
        const files = ['--tls-key-file', join(folder, 'key.pem'), '--tls-cert-file', join(folder, 'cert.pem')];
        return [
          '--port',
          `${port}`,
          '--save',
          '',
          '--tls-port',
          `${tlsPort}`,
          '--tls-auth-clients',
          'no',
          '--dir',
          folder,
          ...files,
          '--tls-ca-cert-file',
          join(folder, 'cert.pem'),
        ];
      },
    });
    const address = { ...addressOn({ node: `localhost:${tlsPort}` }), tls: true };
    await using trusting = await openTestRedis(address, { caFile: join(server.folder, 'cert.pem') });
    await trusting.ping();
    await using doubting = await openTestRedis(address);
    await assert.rejects(doubting.ping(), unavailable(/^Redis: TLS handshake failed/));
    await assert.rejects(openTestRedis(address, { caFile: join(server.folder, 'none.pem') }), { name: 'StorageUnusableError' });
  });
});
