import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { Cluster, type RedisOptions as DriverOptions, Redis } from 'ioredis';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import { storeUnavailable } from '../store-unavailable.ts';
import type { RedisOptions } from './open-redis.ts';
import { faultOf, forgetCommand } from './redis-errors.ts';
import { readServerReport, type ServerReport } from './server-report.ts';

/** A server that takes writes, as it was when it was asked. */
export interface Primary {
  readonly server: Redis;
  /** The socket it was asked over. While it is the same, the server has not been restarted. */
  readonly socket: Redis['stream'];
  readonly report: ServerReport;
}

export interface Connection {
  /** EVALSHA. On one server, calls of the same turn of the event loop travel together and run in the order in which they were made. */
  evaluate(digest: string, key: string, args: readonly (string | number)[]): Promise<unknown>;
  /** Asks every primary that can be reached about itself. @throws the driver's error when none can */
  inspect(): Promise<readonly Primary[]>;
  /** Resolves once connected, or when the first attempt has failed. */
  firstAttempt(): Promise<void>;
  /** How many connections have been lost so far: the next one may lead to a server that knows less. */
  losses(): number;
  /** What was last wrong; undefined while connected. */
  failure(): Error | undefined;
  close(): void;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 1600;

/** Of one node of a cluster. Then it is given up, until another node names it; when all are, the configured names are looked up again. */
const NODE_RETRIES = 5;

/** How soon a failover in a cluster is noticed when no other node has said so. */
const SLOTS_REFRESH_MS = 2000;

/** How long a closed socket may linger when the server does not answer. */
const LINGER_MS = 200;

/** While the server reads its file, it is asked this often at least. */
const LOADING_RETRY_MS = 500;

/** Connects and keeps connecting. @throws StorageUnusableError when the file of authorities cannot be read */
export async function connect(options: RedisOptions): Promise<Connection> {
  const { username, password } = options;
  const tls = await tlsOptions(options);
  const nodes = options.nodes.map(toAddress);
  const driver = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    protocol: 2,
    connectionName: 'gatehouse',
    disableClientInfo: true,
    connectTimeout: options.timeoutMs,
    commandTimeout: options.timeoutMs,
    socketTimeout: options.timeoutMs,
    disconnectTimeout: LINGER_MS,
    maxLoadingRetryTime: LOADING_RETRY_MS,
    // Whoever waits is told at once when the connection is lost: whether a command has run is unknown, so none is sent twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Demoted: the new primary is found by connecting anew.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies DriverOptions;
  if (options.topology === 'cluster') return overCluster(new Cluster(nodes, { ...clusterOptions(options), redisOptions: driver }), options);
  const client = new Redis({
    ...driver,
    ...(options.topology === 'sentinel' ? sentinelOptions(nodes, options, tls) : nodes[0]),
    db: options.database,
    retryStrategy: retryDelay,
    enableAutoPipelining: true,
  });
  return over(client, () => [client], options);
}

/** Few attempts a second at most, for ever, and not of all processes at once. */
function retryDelay(attempt: number): number {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS);
  return delay + randomInt(delay);
}

function sentinelOptions(sentinels: readonly { host: string; port: number }[], options: RedisOptions, tls: ConnectionOptions | undefined) {
  return {
    sentinels: [...sentinels],
    name: options.primaryName,
    // The sentinels know the same credentials.
    ...(options.username !== undefined && { sentinelUsername: options.username }),
    ...(options.password !== undefined && { sentinelPassword: options.password }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: options.timeoutMs,
    sentinelRetryStrategy: retryDelay,
  } satisfies DriverOptions;
}

function clusterOptions({ timeoutMs, tls }: RedisOptions) {
  return {
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    clusterNodeRetryStrategy: (attempt: number) => (attempt > NODE_RETRIES ? null : retryDelay(attempt)),
    slotsRefreshTimeout: timeoutMs,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    // A command whose outcome is unknown is not sent again. Redirections are: they say that it has not run.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // A pipeline is redirected as a whole or not at all; single commands follow a slot that moves.
    enableAutoPipelining: false,
    // A certificate has names in it, not addresses.
    ...(tls && { dnsLookup: (name: string, done: (error: null, address: string) => void) => done(null, name) }),
  };
}

async function tlsOptions({ tls, caFile }: RedisOptions): Promise<ConnectionOptions | undefined> {
  if (!tls) return undefined;
  if (caFile === undefined) return {};
  try {
    return { ca: await readFile(caFile) };
  } catch (error) {
    throw unreadable(caFile, error);
  }
}

function unreadable(caFile: string, cause: unknown): StorageUnusableError {
  return new StorageUnusableError(
    'inaccessible',
    `Cannot read ${caFile}, the certificates of the authorities that Redis is checked against. Name a PEM file that this user can read.`,
    { cause },
  );
}

/** @param node `host:port`, an IPv6 address in brackets */
function toAddress(node: string): { host: string; port: number } {
  const colon = node.lastIndexOf(':');
  return { host: node.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(node.slice(colon + 1)) };
}

function overCluster(cluster: Cluster, options: RedisOptions): Connection {
  // A node's error is the cluster's when no other node answers; until then it is none that nobody handles.
  return over(cluster, () => cluster.nodes('master'), options);
}

function over(client: Redis | Cluster, servers: () => readonly Redis[], { timeoutMs }: RedisOptions): Connection {
  let failure: Error | undefined;
  let losses = 0;
  client.on('error', (error: Error) => {
    forgetCommand(error);
    failure = error;
  });
  client.on('ready', () => {
    failure = undefined;
  });
  for (const event of ['close', '-node']) {
    client.on(event, () => {
      losses += 1;
    });
  }

  const inspectOne = async (server: Redis): Promise<Primary> => {
    const info = await server.info();
    return { server, socket: server.stream, report: readServerReport(info) };
  };

  return {
    evaluate: (digest, key, args) => client.evalsha(digest, 1, key, ...args),
    async inspect() {
      if (client.status !== 'ready') throw storeUnavailable(`Redis: ${faultOf(failure) ?? 'not connected'}`, failure);
      const answers = await Promise.allSettled(servers().map(inspectOne));
      const reached = answers.filter((answer) => answer.status === 'fulfilled').map((answer) => answer.value);
      // A replica would take scripts, and answer with them once it is promoted, whatever it has missed.
      const primaries = reached.filter(({ report }) => report.isPrimary);
      if (primaries.length > 0) return primaries;
      if (reached.length > 0) throw storeUnavailable('Redis: a replica, not the primary');
      throw answers.find((answer) => answer.status === 'rejected')?.reason ?? storeUnavailable('Redis: no node of the cluster answers');
    },
    async firstAttempt() {
      // `once` also ends, by throwing it, with the first error that is emitted; `failure` has it.
      await once(client, 'ready', { signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
    },
    losses: () => losses,
    failure: () => failure,
    close: () => client.disconnect(),
  };
}
