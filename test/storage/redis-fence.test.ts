import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { connect } from '../../src/storage/redis/connection.ts';
import { createFence } from '../../src/storage/redis/fence.ts';
import type { Script } from '../../src/storage/redis/loaded-generation.ts';
import type { RedisStores } from '../../src/storage/redis/open-redis.ts';
import { times, winners } from '../contract/harness.ts';
import { eventually } from '../support/eventually.ts';
import { addressOn, type RedisAddress, type RedisServer, startRedis, whyNoRedis } from '../support/redis.ts';
import { createTestGenerations, openTestRedis } from './redis-harness.ts';

const LATER = new Date('2100-01-01T00:00:00Z');
const EVERY_SECOND = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
const ALWAYS = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** A server, its keys, and a store on it with what a process shares with others. */
async function stage(
  args: readonly string[] = [],
  options: Partial<RedisAddress> = {},
  prepare: (server: RedisServer) => Promise<void> = async () => undefined,
) {
  const server = await startRedis({ args });
  await prepare(server);
  const address = { ...addressOn(server), ...options };
  const generations = createTestGenerations();
  const redis = await openTestRedis(address, { generations });
  await redis.artifacts.put('Session', 'before', { payload: {} }, LATER);
  await redis.artifacts.put('AuthorizationCode', 'unused', { payload: {} }, LATER);
  await redis.artifacts.put('AuthorizationCode', 'used', { payload: {} }, LATER);
  assert.equal(await redis.artifacts.consume('AuthorizationCode', 'used'), true);
  return {
    server,
    address,
    generations,
    redis,
    async [Symbol.asyncDispose]() {
      await redis[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function restart(server: RedisServer): Promise<void> {
  await server.kill('SIGKILL');
  await server.start();
}

/** Makes it a replica until it knows what the other knows, then a primary again. */
async function replicate(server: RedisServer, from: RedisServer): Promise<void> {
  await server.cli('REPLICAOF', '127.0.0.1', `${from.port}`);
  await eventually(async () => /master_link_status:up/.test(await server.cli('INFO', 'replication')));
  await server.cli('REPLICAOF', 'NO', 'ONE');
}

const recovered = (redis: RedisStores) => eventually(() => redis.ping().then(() => true));

describe('the fence of Redis', { skip: whyNoRedis() ?? false }, () => {
  for (const [name, args] of [
    ['empty', []],
    ['with what it appends to its file every second', EVERY_SECOND],
  ] as const) {
    it(`believes nothing of a server that was restarted ${name}`, async () => {
      await using house = await stage(args);
      const { redis, server, generations } = house;
      const counted = generations.now();
      await restart(server);
      await recovered(redis);
      for (const code of ['used', 'unused']) assert.equal(await redis.artifacts.consume('AuthorizationCode', code), false);
      assert.equal(await redis.artifacts.find('Session', 'before'), undefined);
      assert.equal(generations.now(), counted + 1, 'one generation later');
      await redis.artifacts.put('Session', 'after', { payload: {} }, LATER);
      assert.ok(await redis.artifacts.find('Session', 'after'));
    });
  }

  it('consumes nothing twice when a server comes back with an older state', async () => {
    await using house = await stage();
    const { redis, server, address, generations } = house;
    await redis.artifacts.put('AuthorizationCode', 'late', { payload: {} }, LATER);
    await server.cli('SAVE');
    await copyFile(join(server.folder, 'dump.rdb'), join(server.folder, 'older.rdb'));
    assert.equal(await redis.artifacts.consume('AuthorizationCode', 'late'), true);
    const key = `${address.keyPrefix}${generations.now()}:artifact:AuthorizationCode late`;
    await server.kill('SIGKILL');
    await copyFile(join(server.folder, 'older.rdb'), join(server.folder, 'dump.rdb'));
    await server.start();
    assert.equal(await server.cli('HEXISTS', key, 'consumedAt'), '0', 'the server has it, unused');
    await recovered(redis);
    const answers = await Promise.all(times(20, () => redis.artifacts.consume('AuthorizationCode', 'late')));
    assert.equal(winners(answers), 0);
  });

  it('goes on after a restart of a lone server that syncs every write', async () => {
    await using house = await stage(ALWAYS);
    const { redis, server, generations } = house;
    const counted = generations.now();
    await restart(server);
    await recovered(redis);
    assert.ok(await redis.artifacts.find('Session', 'before'));
    assert.equal(await redis.artifacts.consume('AuthorizationCode', 'used'), false);
    assert.equal(await redis.artifacts.consume('AuthorizationCode', 'unused'), true);
    assert.equal(generations.now(), counted);
  });

  for (const [when, change] of [
    ['synced less when the generation began', { before: 'everysec', during: 'everysec' }],
    ['synced less for a while since', { before: 'always', during: 'everysec' }],
  ] as const)
    it(`takes no promise from a server that ${when}`, async () => {
      await using house = await stage(ALWAYS, {}, async (server) => void (await server.cli('CONFIG', 'SET', 'appendfsync', change.before)));
      const { redis, server, generations } = house;
      await server.cli('CONFIG', 'SET', 'appendfsync', change.during);
      await redis.ping();
      const counted = generations.now();
      await restart(server);
      await recovered(redis);
      assert.equal(await redis.artifacts.consume('AuthorizationCode', 'unused'), false);
      assert.equal(generations.now(), counted + 1);
    });

  it('takes no promise from a server that drops what it reads of its own file', async () => {
    // It reads the file as its default user; while that one may do nothing, every transaction is dropped without a word.
    const user = ['--user', 'gate', 'on', '>secret', '~*', '+@all', '--user', 'default', 'off'];
    await using house = await stage([...ALWAYS, ...user], { username: 'gate', password: 'secret' });
    const { redis, server, generations } = house;
    const counted = generations.now();
    await restart(server);
    await recovered(redis);
    assert.equal(await redis.artifacts.consume('AuthorizationCode', 'used'), false);
    assert.equal(generations.now(), counted + 1);
  });

  it('takes no promise from a server that does not say how it syncs', async () => {
    const user = ['--user', 'gate', 'on', '>secret', '~*', '+@all', '-config'];
    await using house = await stage([...ALWAYS, ...user], { username: 'gate', password: 'secret' });
    const { redis, server } = house;
    await restart(server);
    await recovered(redis);
    assert.equal(await redis.artifacts.find('Session', 'before'), undefined);
  });

  it('begins the next generation when somebody throws the scripts away, and counters go on', async () => {
    await using house = await stage();
    const { redis, server, generations } = house;
    const rule = { limit: 3, windowSeconds: 60, blockSeconds: 60 };
    const now = new Date();
    await redis.counters.hit('k', rule, now);
    const counted = generations.now();
    await server.cli('SCRIPT', 'FLUSH');
    const answers = await Promise.all(times(50, (n) => redis.artifacts.putOnce('ReplayDetection', `j${n % 5}`, { payload: {} }, LATER)));
    assert.equal(winners(answers), 5, 'calls that meet it together are answered in one generation');
    assert.equal(await redis.artifacts.find('Session', 'before'), undefined);
    assert.equal((await redis.counters.hit('k', rule, now)).count, 2);
    assert.equal(generations.now(), counted + 1);
  });

  it('stores an artifact and what belongs to it in one generation, whenever the scripts go', async () => {
    await using house = await stage();
    const { redis, server } = house;
    let going = true;
    const flushing = (async () => {
      while (going) await server.cli('SCRIPT', 'FLUSH');
    })();
    for (const n of times(60, (index) => index)) {
      const artifact = { payload: {}, grantId: `g${n}`, members: { group: `m${n}`, entries: { a: '1' } } };
      await redis.artifacts.put('Session', `s${n}`, artifact, LATER).catch(unlessAway);
      const found = await redis.artifacts.find('Session', `s${n}`).catch(unlessAway);
      if (found) assert.deepEqual(found.members?.entries, { a: '1' });
      const listed = await redis.artifacts.list('Session', 'grantId', `g${n}`).catch(unlessAway);
      assert.ok((listed?.length ?? 0) <= 1);
    }
    going = false;
    await flushing;
  });

  it('is followed by other processes that share the server', async () => {
    await using house = await stage();
    const { redis, server, address, generations } = house;
    await using other = await openTestRedis(address, { generations });
    assert.ok(await other.artifacts.find('Session', 'before'));
    const counted = generations.now();
    await server.cli('SCRIPT', 'FLUSH');
    const answers = await Promise.all(
      [redis, other].flatMap((each) => times(10, () => each.artifacts.consume('AuthorizationCode', 'unused'))),
    );
    assert.equal(winners(answers), 0);
    await redis.artifacts.put('AuthorizationCode', 'new', { payload: {} }, LATER);
    const again = await Promise.all([redis, other].flatMap((each) => times(10, () => each.artifacts.consume('AuthorizationCode', 'new'))));
    assert.equal(winners(again), 1);
    assert.equal(generations.now(), counted + 1);
  });

  it('moves on within seconds when another process has ended the generation elsewhere', async () => {
    await using house = await stage();
    const { redis, generations } = house;
    await generations.next(generations.now());
    await eventually(async () => (await redis.artifacts.find('Session', 'before')) === undefined, 3000);
  });

  it('keeps two houses on one server apart', async () => {
    await using house = await stage();
    const { server, generations, redis } = house;
    const counted = generations.now();
    await using neighbour = await openTestRedis(addressOn(server));
    await neighbour.artifacts.put('Session', 'before', { payload: { other: true } }, LATER);
    assert.deepEqual((await redis.artifacts.find('Session', 'before'))?.payload, {});
    assert.equal(generations.now(), counted);
  });

  it('consumes nothing twice when a primary was demoted, took over an older state, and was promoted again', async () => {
    await using house = await stage(['--repl-diskless-sync-delay', '0']);
    await using successor = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    const { redis, server, address, generations } = house;
    const key = `${address.keyPrefix}${generations.now()}:artifact:AuthorizationCode unused`;
    await replicate(successor, server);
    assert.equal(await redis.artifacts.consume('AuthorizationCode', 'unused'), true);
    await replicate(server, successor);
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    assert.deepEqual([await server.cli('EXISTS', key), await server.cli('HEXISTS', key, 'consumedAt')], ['1', '0'], 'it has it, unused');
    await recovered(redis);
    const answers = await Promise.all(times(20, () => redis.artifacts.consume('AuthorizationCode', 'unused')));
    assert.equal(winners(answers), 0);
  });

  it('lets another release bring scripts of its own without ending the generation', async () => {
    await using server = await startRedis();
    const address = addressOn(server);
    const generations = createTestGenerations();
    const releases: { readonly get: () => Promise<unknown>; readonly close: () => void }[] = [];
    for (const text of ['old', 'new']) {
      const script: Script = { memory: 'frees', body: `return redis.call('GET', KEYS[1]) or '${text}'` };
      const connection = await connect({ ...address, generations, caFile: undefined, timeoutMs: 1000, clock: () => new Date() });
      await connection.firstAttempt();
      const fence = createFence({ ...address, connection, generations, scripts: [script] });
      releases.push({ get: () => fence.run((call) => call(script, 'x')), close: () => connection.close() });
    }
    for (const _ of [1, 2, 3]) assert.deepEqual(await Promise.all(releases.map((release) => release.get())), ['old', 'new']);
    // Both may have begun it at the same time.
    assert.ok(generations.now() <= 3);
    const counted = generations.now();
    assert.deepEqual(await Promise.all(releases.map((release) => release.get())), ['old', 'new']);
    assert.equal(generations.now(), counted);
    for (const release of releases) release.close();
  });

  it('trusts what it knows for seconds while MongoDB is away, then refuses, then recovers', async (test) => {
    await using server = await startRedis();
    let away = false;
    const real = createTestGenerations();
    const current = async () => {
      if (away) throw new StoreUnavailableError('away', { detail: 'MongoDB: away' });
      return real.current();
    };
    await using redis = await openTestRedis(addressOn(server), { generations: { ...real, current } });
    await redis.artifacts.put('Session', 's', { payload: {} }, LATER);
    away = true;
    let skipped = 3000;
    const now = performance.now.bind(performance);
    test.mock.method(performance, 'now', () => now() + skipped);
    assert.ok(await redis.artifacts.find('Session', 's'));
    skipped = 6000;
    await assert.rejects(redis.artifacts.find('Session', 's'), { name: 'StoreUnavailableError', detail: 'MongoDB: away' });
    away = false;
    assert.ok(await redis.artifacts.find('Session', 's'));
  });
});

function unlessAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailableError)) throw error;
}
