import type { CorePlan } from './cores.ts';
import { startGatehouse } from './gatehouse.ts';
import type { Caller } from './load.ts';
import { firstMessage, startPinned } from './processes.ts';
import type { Fixture, Scenario } from './scenarios.ts';
import type { PreparedHouse } from './seed.ts';
import type { BenchStore } from './stores.ts';

/** What is prepared on a target before it is measured. */
export interface Preparation {
  /** Refresh chains: one for each connection. */
  readonly connections: number;
  /** Who can sign in: as many as do at once in the storm. */
  readonly people: number;
  /** Access tokens that introspection and userinfo take in turn. */
  readonly accessTokens: number;
  /** Tokens that a store "with live tokens" holds. */
  readonly liveTokens: number;
}

export interface RunningTarget extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly pid: number;
  /** The server shares a processor with the load: its requests a second say little, its CPU time holds. */
  readonly sharedWithLoad: boolean;
  /** What people can sign in to; only of Gatehouse. */
  readonly prepared?: PreparedHouse;
}

export interface Target {
  readonly name: string;
  /** Only these; without it all. */
  readonly scenarios?: readonly string[];
  start(preparation: Preparation, cores: CorePlan): Promise<RunningTarget>;
  callers(scenario: Scenario, fixture: Fixture, connections: number): readonly Caller[];
}

const asTheyAre: Target['callers'] = (scenario, fixture, connections) => scenario.callers(fixture, connections);

/** The echo gets the same requests, and says the same to all. */
const statusOnly: Target['callers'] = (scenario, fixture, connections) =>
  scenario.callers(fixture, connections).map(({ next }) => ({
    next,
    accept({ status }) {
      if (status !== 200) throw new Error(`the echo answered ${status}`);
    },
  }));

/** A process that tells by a message what is prepared on it. */
async function startTelling<T>(args: readonly string[], plan: CorePlan, toFixture: (message: T) => Fixture): Promise<RunningTarget> {
  const { cores, sharedWithLoad } = plan.servers(1);
  const process = startPinned(args, { cores, env: {} });
  return {
    fixture: toFixture((await firstMessage(process.child)) as T),
    pid: process.pid,
    sharedWithLoad,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

export const ECHO: Target = {
  name: 'node:http echo',
  callers: statusOnly,
  start({ connections, accessTokens }, cores) {
    const tokens = (count: number, length: number) => Array.from({ length: count }, () => 'x'.repeat(length));
    return startTelling<string>(['bench/echo-server.ts'], cores, (origin) => ({
      origin,
      paths: { token: '/', introspection: '/', userinfo: '/', jwks: '/', discovery: '/' },
      service: { id: 'service', secret: 'secret' },
      app: { id: 'app', secret: 'secret' },
      refreshTokens: tokens(connections, 43),
      accessTokens: tokens(accessTokens, 600),
    }));
  },
};

export const BARE: Target = {
  name: 'bare oidc-provider, Map',
  callers: asTheyAre,
  start: ({ connections, accessTokens }, cores) =>
    startTelling<Fixture>(['bench/bare-provider.ts', String(connections), String(accessTokens)], cores, (fixture) => fixture),
};

/** Gatehouse on a store, with so many processes. */
export function gatehouse(store: BenchStore, workers: number): Target {
  return {
    name: `Gatehouse, ${store.name}${workers === 1 ? '' : `, ${workers} processes`}`,
    callers: asTheyAre,
    start: (preparation, cores) => startGatehouse(store, { ...preparation, liveTokens: 0, workers }, cores),
  };
}

/** The same on a store that holds many live tokens of other people already. */
export function fullGatehouse(store: BenchStore, liveTokens: number): Target {
  return {
    name: `Gatehouse, ${store.name}, ${liveTokens.toLocaleString('en')} live tokens`,
    scenarios: ['introspection', 'refresh'],
    callers: asTheyAre,
    start: (preparation, cores) => startGatehouse(store, { ...preparation, liveTokens, workers: 1 }, cores),
  };
}
