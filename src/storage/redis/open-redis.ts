import type { Clock } from '../../lib/clock.ts';
import type { Generations } from '../mongo/open-mongo.ts';
import type { Storage } from '../storage.ts';

export interface RedisOptions {
  readonly topology: 'single' | 'sentinel' | 'cluster';
  /** `host:port` of the server, of the sentinels, or of some nodes of the cluster. */
  readonly nodes: readonly string[];
  /** What the sentinels call the primary. */
  readonly primaryName: string;
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
export interface RedisStores extends Pick<Storage, 'artifacts' | 'challenges' | 'counters' | 'ping'>, AsyncDisposable {}
