import { randomInt } from 'node:crypto';
import type { Connection } from 'mongoose';
import type { Clock } from '../../lib/clock.ts';
import { createGate, type Gate } from '../gate.ts';
import type { Generations } from '../generations.ts';
import type { Storage } from '../storage.ts';
import { within } from '../within.ts';
import { createAccountStore } from './account-store.ts';
import { createArtifactStore } from './artifact-store.ts';
import { ascendingNumbers, type NumberSources } from './ascending-numbers.ts';
import { createAuditLog } from './audit-log.ts';
import { createClientStore } from './client-store.ts';
import { createCompareAndSwap } from './compare-and-swap.ts';
import { asUnusable, connect } from './connection.ts';
import { createGenerations } from './generations.ts';
import { createHoldings } from './holdings.ts';
import { createIdentityStore } from './identity-store.ts';
import { INSTANCE, type Instance, instanceOn } from './instance.ts';
import { createKeyStore } from './key-store.ts';
import { createLicenceStore } from './licence-store.ts';
import { createMfaStore } from './mfa-store.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { translateError } from './mongo-errors.ts';
import { createOneTimeLinkStore } from './one-time-link-store.ts';
import { createProviderStore } from './provider-store.ts';
import { createTenantStore } from './tenant-store.ts';
import { createUpstreamTokenStore } from './upstream-token-store.ts';

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

/** What must last: the ports of MongoDB. `artifacts` takes the durable kinds, and `holdings` shows those. */
export interface MongoStores
  extends Pick<
      Storage,
      | 'tenants'
      | 'accounts'
      | 'links'
      | 'mfa'
      | 'clients'
      | 'keys'
      | 'licences'
      | 'providers'
      | 'identities'
      | 'upstreamTokens'
      | 'artifacts'
      | 'audit'
      | 'holdings'
      | 'ping'
    >,
    AsyncDisposable {
  readonly generations: Generations;
}

/**
 * Connects, and brings the database to the newest schema.
 * @throws StorageUnusableError when the server does not answer, lets us not in or is no replica set, or the database is not ours, or newer
 */
export async function openMongo(options: MongoOptions): Promise<MongoStores> {
  const connection = await connect(options);
  try {
    const instance = instanceOn(connection);
    if (!connection.db) throw new Error('a connection that is open has a database');
    await migrate({ db: connection.db, instance }, migrations);
    // A server that cannot say for certain which generation counts is found out now, and not by the first sign-in.
    await createGenerations(instance, options.timeoutMs).current();
    return storesOn(connection, instance, options);
  } catch (error) {
    await connection.destroy(true);
    throw asUnusable(error, options);
  }
}

function storesOn(connection: Connection, instance: Instance, { clock, timeoutMs }: MongoOptions): MongoStores {
  const gate = createGate(translateError);
  const sources: NumberSources = { clock, randomBelow: (limit) => randomInt(limit) };
  const pass: Gate['pass'] = (work) => gate.pass(() => within(timeoutMs, 'MongoDB', work()));
  const gated = <Port extends Methods<Port>>(port: Port) => behind(pass, port);
  return {
    tenants: gated(createTenantStore(connection, createCompareAndSwap(timeoutMs))),
    accounts: gated(createAccountStore(connection, createCompareAndSwap(timeoutMs))),
    links: gated(createOneTimeLinkStore(connection, clock)),
    mfa: gated(createMfaStore(connection)),
    clients: gated(createClientStore(connection, createCompareAndSwap(timeoutMs))),
    keys: gated(createKeyStore(connection)),
    licences: gated(createLicenceStore(connection)),
    providers: gated(createProviderStore(connection, createCompareAndSwap(timeoutMs))),
    identities: gated(createIdentityStore(connection, createCompareAndSwap(timeoutMs))),
    upstreamTokens: gated(createUpstreamTokenStore(connection)),
    artifacts: gated(createArtifactStore(connection, clock, ascendingNumbers(0, sources))),
    audit: gated(createAuditLog(connection, sources)),
    generations: gated(createGenerations(instance, timeoutMs)),
    holdings: createHoldings(connection, clock, pass),
    async ping() {
      await pass(() => instance.findOne({ _id: INSTANCE.schema }).lean().exec());
    },
    async [Symbol.asyncDispose]() {
      await gate.close();
      await connection.destroy();
    },
  };
}

/** A port, each of whose methods gives a promise. */
type Methods<Port> = { readonly [Name in keyof Port]: (...values: never[]) => Promise<unknown> };

/** The same port, each of whose calls passes the gate. */
function behind<Port extends Methods<Port>>(pass: Gate['pass'], port: Port): Port {
  const calls = Object.entries<(...values: never[]) => Promise<unknown>>(port);
  return Object.fromEntries(calls.map(([name, call]) => [name, (...values: never[]) => pass(() => call(...values))])) as Port;
}
