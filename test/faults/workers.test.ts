import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load-config.ts';
import { shareOf } from '../../src/server/supervisor.ts';
import { eventually } from '../support/eventually.ts';
import { protocolClient, tokensOf } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { createServers, type Prepared, type Servers } from '../support/servers.ts';
import type { ServerProcess } from '../support/start-process.ts';
import { storesForTests } from '../support/stores.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PEOPLE = 4;
const SIGN_INS = 16;

/** One server that is two processes behind one port. */
const twoWorkers = (more: Readonly<Record<string, string>> = {}) =>
  createServers(1, { GATEHOUSE_SERVER__WORKERS: '2', GATEHOUSE_PASSWORDS__QUEUE: '200', ...more });

/** The processes that a supervisor has started and that are still there. */
async function workersOf({ pid }: ServerProcess): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

const both = (server: ServerProcess) =>
  eventually(async () => {
    const pids = await workersOf(server);
    return pids.length === 2 && (await answering(server)).size === 2 && pids;
  });

/** The numbers of the workers that answered, for requests that each have a connection of their own. */
async function answering(server: ServerProcess): Promise<ReadonlySet<number>> {
  const before = server.output().length;
  const answers = await Promise.all(Array.from({ length: 20 }, () => rawRequest(`${server.issuer}/readyz`)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  await delay(50);
  return workersIn(server.output().slice(before), '/readyz');
}

function workersIn(log: string, path: string): ReadonlySet<number> {
  const lines = log.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}') && line.includes('"msg":"request"'));
  const entries = lines.map((line) => JSON.parse(line) as { worker: number; path: string });
  return new Set(entries.filter((entry) => entry.path === path).map(({ worker }) => worker));
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** How a start ends that cannot succeed. */
async function failedStart({ settings, ports }: Servers) {
  const env = { PATH: process.env.PATH ?? '', PORT: String(ports[0]), ...settings };
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('workers', () => {
  it('both answer on one port, welcome whoever started them once, and end with exit code 0', async () => {
    await using servers = await twoWorkers();
    await using server = await servers.start();
    const pids = await both(server);
    assert.equal(new Set([server.pid, ...pids]).size, 3);
    assert.equal(server.output().match(/is ready at/g)?.length, 1);
    assert.equal(server.output().match(/\/setup\//g)?.length, 1);
    assert.equal(server.output().match(/"event":"key\.created"/g)?.length, 2, 'a key for each algorithm, from the first worker');
    assert.equal(await server.end('SIGTERM'), 0);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('end with exit code 0 when the terminal interrupts all of them at once', async () => {
    await using servers = await twoWorkers();
    await using server = await servers.start();
    const pids = await both(server);
    const ended = server.end('SIGINT');
    for (const pid of pids) process.kill(pid, 'SIGINT');
    assert.equal(await ended, 0);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.doesNotMatch(server.output(), /a worker has ended/);
  });

  it('are replaced when one is killed, and the other answers meanwhile', async () => {
    await using servers = await twoWorkers();
    await using server = await servers.start();
    const [victim = 0, survivor = 0] = await both(server);
    process.kill(victim, 'SIGKILL');
    await eventually(async () => !isAlive(victim));
    for (let i = 0; i < 20; i++) assert.equal((await rawRequest(`${server.issuer}/readyz`)).status, 200);
    const pids = await both(server);
    assert.ok(pids.includes(survivor) && !pids.includes(victim));
    assert.match(server.output(), /a worker has ended; another takes its place/);
    assert.equal(server.output().match(/is ready at/g)?.length, 1);
    assert.equal(await server.end('SIGTERM'), 0);
  });

  it('end when the supervisor is killed', async () => {
    await using servers = await twoWorkers();
    await using server = await servers.start();
    const pids = await both(server);
    await server.end('SIGKILL');
    await eventually(async () => !pids.some(isAlive));
    await assert.rejects(fetch(`${server.issuer}/healthz`));
  });
});

for (const store of await storesForTests())
  describe(`two workers on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('sign people in and exchange tokens across each other', async () => {
      await using servers = await twoWorkers(await store.fresh());
      const prepared: Prepared[] = [];
      while (prepared.length < PEOPLE) prepared.push(await servers.prepare());
      await using server = await servers.start();
      await both(server);
      const inspected = await Promise.all(
        Array.from({ length: SIGN_INS }, async (_, n) => {
          const { person, app } = prepared[n % PEOPLE] as Prepared;
          const client = await protocolClient(server, app);
          const { refresh_token: token } = await tokensOf(client, person);
          return await client.introspect((await client.refresh(token)).json.access_token);
        }),
      );
      assert.deepEqual(new Set(inspected.map(({ json }) => json.active)), new Set([true]));
      await delay(50);
      for (const path of ['/oauth/authorize', '/oauth/token', '/oauth/introspect'])
        assert.deepEqual(workersIn(server.output(), path), new Set([1, 2]), path);
      assert.equal(await server.end('SIGTERM'), 0);
    });
  });

describe('a start with workers that cannot succeed', () => {
  it('tells what the configuration lacks once, and exits with 1', async () => {
    await using servers = await twoWorkers({ GATEHOUSE_ISSUER: 'http://id.example.com' });
    const { code, output } = await failedStart(servers);
    assert.equal(code, 1);
    assert.equal(output.match(/Only localhost may use http/g)?.length, 1);
    assert.doesNotMatch(output, /\bat .*\.ts:\d+/);
  });

  it('tells what is wrong with the store once, and exits with 1', async () => {
    await using servers = await twoWorkers({ GATEHOUSE_STORAGE__SQLITE__PATH: '/no/such/folder/gatehouse.db' });
    const { code, output } = await failedStart(servers);
    assert.equal(code, 1);
    assert.equal(output.match(/gatehouse\.db cannot be opened/g)?.length, 1, output);
    assert.match(output, /the first worker ended before it answered/);
    assert.doesNotMatch(output, /\bat .*\.ts:\d+/);
  });

  it('is refused where another one has the port already', async () => {
    await using servers = await twoWorkers();
    await using server = await servers.start();
    await using others = await twoWorkers({ PORT: String(servers.ports[0]) });
    const { code, output } = await failedStart(others);
    assert.equal(code, 1);
    assert.match(output, /EADDRINUSE[\s\S]*another port/);
    assert.equal(await server.end('SIGTERM'), 0);
  });
});

it('a worker has its share of what is meant for one machine, rounded up', async () => {
  const { config } = await loadConfig({
    env: {
      GATEHOUSE_SERVER__WORKERS: '3',
      GATEHOUSE_PASSWORDS__WORKERS: '1',
      GATEHOUSE_PASSWORDS__QUEUE: '64',
      GATEHOUSE_STORAGE__KIND: 'mongo-redis',
      GATEHOUSE_STORAGE__MONGODB__POOL_SIZE: '50',
    },
    cwd: '/srv',
  });
  const { passwords, storage, ...rest } = shareOf(config);
  assert.deepEqual([passwords.workers, passwords.queue], [1, 22]);
  assert.equal(storage.kind === 'mongo-redis' && storage.mongodb.pool_size, 17);
  const { passwords: _passwords, storage: _storage, ...same } = config;
  assert.deepEqual(rest, same);
});
