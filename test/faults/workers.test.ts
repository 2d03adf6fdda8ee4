import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openHouse } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { shareOf } from '../../src/server/supervisor.ts';
import { freePort } from '../support/free-port.ts';
import { protocolClient, tokensOf } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { type ServerProcess, startProcess } from '../support/start-process.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PEOPLE = 16;

const delay = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function settings(folder: string, more: Record<string, string> = {}) {
  return {
    PORT: String(await freePort()),
    GATEHOUSE_DATA_DIR: folder,
    GATEHOUSE_SERVER__WORKERS: '2',
    GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
    GATEHOUSE_PASSWORDS__QUEUE: '200',
    GATEHOUSE_LOG__FORMAT: 'json',
    ...more,
  };
}

/** The processes that a supervisor has started and that are still there. */
async function workersOf({ pid }: ServerProcess): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let waited = 0; waited < 15_000; waited += 50) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

const both = (server: ServerProcess) =>
  until('two workers that answer', async () => {
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

async function prepare(env: Record<string, string>, cwd: string): Promise<IssuedClient> {
  const { config } = await loadConfig({ env, cwd });
  await using house = await openHouse({ config, logger: createLogger({ level: 'silent', format: 'json' }), clock: systemClock });
  const tenant = await house.tenants.ensure(config.tenant, ORIGIN);
  for (let number = 0; number < PEOPLE; number++) {
    const email = `person${number}@example.com`;
    await house.accounts.create({ tenantId: tenant.id, email, role: 'viewer', password: PASSWORD }, ORIGIN);
  }
  return await house.clients.create(
    { tenantId: tenant.id, type: 'web', metadata: { client_name: 'App', redirect_uris: [CALLBACK] } },
    ORIGIN,
  );
}

/** How a start ends that cannot succeed. */
async function failedStart(env: Record<string, string>) {
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...env } });
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
    await using folder = await temporaryFolder();
    await using server = await startProcess(await settings(folder.path));
    const pids = await both(server);
    assert.equal(new Set([server.pid, ...pids]).size, 3);
    assert.equal(server.output().match(/is ready at/g)?.length, 1);
    assert.equal(server.output().match(/\/setup\//g)?.length, 1);
    assert.equal(server.output().match(/"event":"key\.created"/g)?.length, 2, 'a key for each algorithm, from the first worker');
    assert.equal(await server.end('SIGTERM'), 0);
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it('end with exit code 0 when the terminal interrupts all of them at once', async () => {
    await using folder = await temporaryFolder();
    await using server = await startProcess(await settings(folder.path));
    const pids = await both(server);
    const ended = server.end('SIGINT');
    for (const pid of pids) process.kill(pid, 'SIGINT');
    assert.equal(await ended, 0);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.doesNotMatch(server.output(), /a worker has ended/);
  });

  it('are replaced when one is killed, and the other answers meanwhile', async () => {
    await using folder = await temporaryFolder();
    await using server = await startProcess(await settings(folder.path));
    const [victim = 0, survivor = 0] = await both(server);
    process.kill(victim, 'SIGKILL');
    await until('the end of the killed one', async () => !isAlive(victim));
    for (let i = 0; i < 20; i++) assert.equal((await rawRequest(`${server.issuer}/readyz`)).status, 200);
    const pids = await both(server);
    assert.ok(pids.includes(survivor) && !pids.includes(victim));
    assert.match(server.output(), /a worker has ended; another takes its place/);
    assert.equal(server.output().match(/is ready at/g)?.length, 1);
    assert.equal(await server.end('SIGTERM'), 0);
  });

  it('end when the supervisor is killed', async () => {
    await using folder = await temporaryFolder();
    await using server = await startProcess(await settings(folder.path));
    const pids = await both(server);
    await server.end('SIGKILL');
    await until('the end of the workers', async () => !pids.some(isAlive));
    await assert.rejects(fetch(`${server.issuer}/healthz`));
  });
});

for (const store of await storesForTests())
  describe(`two workers on ${store.name}`, { skip: store.missing ?? false }, () => {
    it('sign people in and exchange tokens across each other', async () => {
      await using folder = await temporaryFolder();
      const env = await settings(folder.path, await store.fresh());
      const issued = await prepare(env, folder.path);
      await using server = await startProcess(env);
      await both(server);
      const client = await protocolClient(server, issued);
      const tokens = await Promise.all(
        Array.from({ length: PEOPLE }, (_, n) => tokensOf(client, { identifier: `person${n}@example.com` })),
      );
      const refreshed = await Promise.all(tokens.map(({ refresh_token: token }) => client.refresh(token)));
      const inspected = await Promise.all(refreshed.map(({ json }) => client.introspect(json.access_token)));
      assert.deepEqual(new Set(inspected.map(({ json }) => json.active)), new Set([true]));
      await delay(50);
      for (const path of ['/oauth/authorize', '/oauth/token', '/oauth/introspect'])
        assert.deepEqual(workersIn(server.output(), path), new Set([1, 2]), path);
      assert.equal(await server.end('SIGTERM'), 0);
    });
  });

describe('a start with workers that cannot succeed', () => {
  it('tells what the configuration lacks once, and exits with 1', async () => {
    await using folder = await temporaryFolder();
    const { code, output } = await failedStart(await settings(folder.path, { GATEHOUSE_ISSUER: 'http://id.example.com' }));
    assert.equal(code, 1);
    assert.equal(output.match(/Only localhost may use http/g)?.length, 1);
    assert.doesNotMatch(output, /\bat .*\.ts:\d+/);
  });

  it('tells what is wrong with the store once, and exits with 1', async () => {
    await using folder = await temporaryFolder();
    const env = await settings(folder.path, { GATEHOUSE_STORAGE__SQLITE__PATH: '/no/such/folder/gatehouse.db' });
    const { code, output } = await failedStart(env);
    assert.equal(code, 1);
    assert.equal(output.match(/gatehouse\.db cannot be opened/g)?.length, 1, output);
    assert.match(output, /the first worker ended before it answered/);
    assert.doesNotMatch(output, /\bat .*\.ts:\d+/);
  });

  it('is refused where another one has the port already', async () => {
    await using folder = await temporaryFolder();
    await using server = await startProcess(await settings(folder.path));
    await using otherFolder = await temporaryFolder();
    const { code, output } = await failedStart(await settings(otherFolder.path, { PORT: new URL(server.issuer).port }));
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
