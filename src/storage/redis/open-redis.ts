import type { Clock } from '../../lib/clock.ts';
import { createGate } from '../gate.ts';
import type { Generations } from '../generations.ts';
import type { Holdings } from '../holdings.ts';
import type { Storage } from '../storage.ts';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import { within } from '../within.ts';
import { createArtifactReader } from './artifact-reader.ts';
import { ARTIFACT_SCRIPTS } from './artifact-scripts.ts';
import { createArtifactStore } from './artifact-store.ts';
import { CHALLENGE_SCRIPTS, createChallengeStore } from './challenge-store.ts';
import { type Connection, connect } from './connection.ts';
import { COUNTER_SCRIPTS, createCounters } from './counters.ts';
import { createFence, type Run } from './fence.ts';
import { createHoldings } from './holdings.ts';
import type { Script } from './loaded-generation.ts';
import { createRateLimits, RATE } from './rate-limits.ts';
import { faultOf, forgetCommand, isDenial, translateError } from './redis-errors.ts';

export interface RedisOptions {
  readonly topology: 'single' | 'sentinel' | 'cluster';
  /** `host:port` of the server, of the sentinels, or of some nodes of the cluster. */
  readonly nodes: readonly string[];
  /** What the sentinels call the primary. */
  readonly primaryName: string;
  /** Of the servers, and of the sentinels too. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
  /** PEM file of the authorities that may have signed the servers' certificates. */
  readonly caFile: string | undefined;
  /** Number of the logical database; a cluster has 0 only. */
  readonly database: number;
  /** Begins every key. */
  readonly keyPrefix: string;
  /** How long one command may take, and how long connecting. */
  readonly timeoutMs: number;
  readonly generations: Generations;
  readonly clock: Clock;
}

/** What expires: the ports of Redis. */
export interface RedisStores extends Pick<Storage, 'artifacts' | 'challenges' | 'counters' | 'rates' | 'ping'>, AsyncDisposable {
  readonly holdings: Pick<Holdings, 'artifacts'>;
  /** Resolves when a write is taken at this moment, for one round trip. @throws StoreUnavailableError */
  probeWrite(): Promise<void>;
}

/** Stores something, so that a server that is full or may not write does not pass for a good one. */
const PING: Script = { memory: 'keeps', body: `return redis.call('SET', KEYS[1], '', 'PX', 60000)` };

/**
 * Opens what expires. A Redis that cannot be reached does not keep it from opening: `ping` says so, and calls fail until it is there.
 * @throws StorageUnusableError when Redis is reached, but refuses the credentials, is too old, or evicts keys
 */
export async function openRedis(options: RedisOptions): Promise<RedisStores> {
  const { clock, generations, topology, keyPrefix, database } = options;
  const connection = await connect(options);
  try {
    await refuseUnsuited(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  const scripts = [...ARTIFACT_SCRIPTS, ...CHALLENGE_SCRIPTS, ...COUNTER_SCRIPTS, RATE, PING];
  const fence = createFence({ connection, generations, topology, keyPrefix, database, scripts });
  const gate = createGate((error) => translateError(error, faultOf(connection.failure())));
  const run: Run = (work) => gate.pass(() => fence.run(work));

  const probeWrite = async () => {
    await fence.run((call) => call(PING, 'ping'));
  };
  const ping = async () => {
    await fence.confirm();
    await probeWrite();
  };
  const read = createArtifactReader(clock);
  return {
    artifacts: createArtifactStore({ run, read, clock, inOrder: topology !== 'cluster' }),
    challenges: createChallengeStore(run, clock),
    counters: createCounters(run),
    rates: createRateLimits(run),
    holdings: createHoldings(fence, gate, read),
    probeWrite: () => gate.pass(probeWrite),
    ping: () => gate.pass(() => within(options.timeoutMs, 'Redis', ping())),
    async [Symbol.asyncDispose]() {
      await gate.close();
      connection.close();
    },
  };
}

async function refuseUnsuited(connection: Connection): Promise<void> {
  await connection.firstAttempt();
  const failure = connection.failure();
  if (isDenial(failure)) throw denied(failure);
  let primaries: Awaited<ReturnType<Connection['inspect']>>;
  try {
    primaries = await connection.inspect();
  } catch (error) {
    forgetCommand(error);
    if (isDenial(error)) throw denied(error);
    // Not reached: whoever asks for readiness hears of it.
    return;
  }
  const unsuited = primaries.find(({ report }) => report.unsuited)?.report.unsuited;
  if (unsuited) throw new StorageUnusableError('unsuited', unsuited.message);
}

function denied(cause: unknown): StorageUnusableError {
  return new StorageUnusableError(
    'denied',
    `Redis refuses the user name or the password, or does not let the user do what Gatehouse does (${cause instanceof Error ? cause.message : cause}). ` +
      'Correct the credentials, or give the user the rights, and start again.',
    { cause },
  );
}
