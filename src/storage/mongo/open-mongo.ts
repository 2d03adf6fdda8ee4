import type { Clock } from '../../lib/clock.ts';
import type { Storage } from '../storage.ts';

export interface MongoOptions {
  /** mongodb:// or mongodb+srv://, with the name of the database; replica set, TLS and the like are in its query. */
  readonly uri: string;
  /** Instead of those in the URI. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** PEM file of the authorities that may have signed the server's certificate. */
  readonly caFile: string | undefined;
  /** Connections of this process at most. */
  readonly poolSize: number;
  /** How long one operation may take, finding a server included. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Which generation of keys in Redis counts. A Redis that was restarted or failed over may have forgotten what was used up or revoked; then the next
 * generation begins, and nothing of the one before is believed (src/storage/redis/fence.ts).
 */
export interface Generations {
  current(): Promise<number>;
  /** Compare-and-swap: ends generation `old` if it still counts. Resolves to the one that counts now. */
  next(old: number): Promise<number>;
}

/** What must last: the ports of MongoDB. `artifacts` takes the durable kinds. */
export interface MongoStores
  extends Pick<Storage, 'tenants' | 'accounts' | 'links' | 'mfa' | 'clients' | 'keys' | 'artifacts' | 'audit' | 'ping'>,
    AsyncDisposable {
  readonly generations: Generations;
}
