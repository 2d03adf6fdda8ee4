import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RedisOptions } from '../../src/storage/redis/open-redis.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Which Redis to open, and under which keys. */
export type RedisAddress = Pick<
  RedisOptions,
  'topology' | 'nodes' | 'primaryName' | 'username' | 'password' | 'tls' | 'database' | 'keyPrefix'
>;

/** A server of the test's own, that it may hurt. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** `host:port` */
  readonly node: string;
  readonly folder: string;
  /** Runs redis-cli; resolves to what it prints. */
  cli(...command: readonly string[]): Promise<string>;
  /** Ends it and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was, on what its folder holds. */
  start(): Promise<void>;
  /** It keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
}

export interface RedisServerOptions {
  /** Of redis-server, after those that turn persistence off. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** Writes into its folder what the server needs to start; gives back its arguments, instead of the usual ones. */
  readonly prepare?: (folder: string, port: number) => Promise<readonly string[]>;
}

const SERVER = 'redis-server';
const run = promisify(execFile);

/** Why there are no tests with Redis; undefined when there are. With CI=true a missing server is a failure instead. */
export function whyNoRedis(): string | undefined {
  if (spawnSync(SERVER, ['--version']).status === 0) return undefined;
  const reason = 'needs redis-server on PATH: apt-get install redis-server';
  if (process.env.CI) throw new Error(reason);
  return reason;
}

/** Starts a server on a free port, in a folder of its own; without persistence unless the arguments say otherwise. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-'));
  const usual = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...(options.args ?? [])];
  const args = (await options.prepare?.(folder, port)) ?? usual;
  let child: ChildProcess | undefined;

  const cli = async (...command: readonly string[]) => (await run('redis-cli', ['-p', `${port}`, ...command])).stdout.trim();
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    await gone;
  };
  const start = async () => {
    child = spawn(SERVER, args, { stdio: 'ignore' });
    // A test process that is done does not wait for it, and takes it along.
    child.unref();
    await untilAnswering(cli, child);
  };
  const end = () => {
    child?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };

  process.once('exit', end);
  await start();
  return {
    port,
    node: `127.0.0.1:${port}`,
    folder,
    cli,
    kill,
    start,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      process.off('exit', end);
      await kill();
      end();
    },
  };
}

async function untilAnswering(cli: RedisServer['cli'], child: ChildProcess): Promise<void> {
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const answer = await cli('PING').catch(() => '');
    return answer === 'PONG' || /NOAUTH/.test(answer);
  });
}

/** A server of its own is not alone: three primaries that share the slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly servers: readonly RedisServer[];
}

export async function startRedisCluster(primaries = 3): Promise<RedisCluster> {
  const servers = await Promise.all(
    Array.from({ length: primaries }, async () => {
      const args = ['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`, '--cluster-node-timeout', '2000'];
      return startRedis({ args });
    }),
  );
  await run('redis-cli', ['--cluster', 'create', ...servers.map((server) => server.node), '--cluster-yes']);
  for (const server of servers) await eventually(async () => /cluster_state:ok/.test(await server.cli('CLUSTER', 'INFO')));
  return {
    servers,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

let shared: Promise<RedisServer> | undefined;

/**
 * A Redis that the tests of one file share, with keys of its own at each call: the one that GATEHOUSE_TEST_REDIS_URL names, or one that is started.
 * Ask `whyNoRedis` first, unless the URL is set.
 */
export async function redisForTests(): Promise<RedisAddress> {
  const url = process.env.GATEHOUSE_TEST_REDIS_URL;
  if (url !== undefined) return addressOf(new URL(url));
  shared ??= startRedis();
  return addressOn(await shared);
}

/** The address of a server that a test has started, with keys of its own at each call. */
export function addressOn(server: Pick<RedisServer, 'node'>): RedisAddress {
  return {
    topology: 'single',
    nodes: [server.node],
    primaryName: '',
    username: undefined,
    password: undefined,
    tls: false,
    database: 0,
    keyPrefix: `test-${randomUUID()}:`,
  };
}

function addressOf(url: URL): RedisAddress {
  return {
    ...addressOn({ node: `${url.hostname}:${url.port || '6379'}` }),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    tls: url.protocol === 'rediss:',
    database: Number(url.pathname.slice(1)),
  };
}
