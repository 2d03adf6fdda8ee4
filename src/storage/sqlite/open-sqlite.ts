import type { Clock } from '../../lib/clock.ts';
import { createMemoryRateLimits } from '../memory-rate-limits.ts';
import type { Storage } from '../storage.ts';
import { createAccountStore } from './account-store.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createAuditLog } from './audit-log.ts';
import { createChallengeStore } from './challenge-store.ts';
import { createClientStore } from './client-store.ts';
import { type Connection, createConnection } from './connection.ts';
import { createCounters } from './counters.ts';
import { asUnusable, type DatabaseFileOptions, openDatabaseFile } from './database-file.ts';
import { createHoldings } from './holdings.ts';
import { createIdentityStore } from './identity-store.ts';
import { createKeyStore } from './key-store.ts';
import { createLicenceStore } from './licence-store.ts';
import { createMfaStore } from './mfa-store.ts';
import { createOneTimeLinkStore } from './one-time-link-store.ts';
import { createProviderStore } from './provider-store.ts';
import { createSweep } from './sweep.ts';
import { createTenantStore } from './tenant-store.ts';
import { createUpstreamTokenStore } from './upstream-token-store.ts';

export interface SqliteOptions extends DatabaseFileOptions {
  /** Judges the expiry of artifacts; the other ports are told the time by their callers. */
  readonly clock: Clock;
}

/**
 * Every port on one SQLite file, which several processes may share. The folder has to exist; the file is created when missing.
 * @throws StorageUnusableError when the file is not ours, newer, damaged, locked or out of reach; it is left as it was
 */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  const database = await openDatabaseFile(options);
  try {
    return storageOn(createConnection(database, options.busyTimeoutMs), options.clock);
  } catch (error) {
    database.close();
    throw asUnusable(error, options.path);
  }
}

function storageOn(connection: Connection, clock: Clock): Storage {
  const ping = connection.statement('SELECT 1 FROM tenants LIMIT 1');
  return {
    tenants: createTenantStore(connection),
    accounts: createAccountStore(connection),
    links: createOneTimeLinkStore(connection),
    mfa: createMfaStore(connection),
    clients: createClientStore(connection),
    keys: createKeyStore(connection),
    licences: createLicenceStore(connection),
    providers: createProviderStore(connection),
    identities: createIdentityStore(connection),
    upstreamTokens: createUpstreamTokenStore(connection),
    artifacts: createArtifactStore(connection, clock),
    challenges: createChallengeStore(connection),
    counters: createCounters(connection),
    rates: createMemoryRateLimits(),
    audit: createAuditLog(connection),
    holdings: createHoldings(connection, clock),
    sweep: createSweep(connection),
    async ping() {
      await connection.read(() => ping.get());
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
