import { allowInsecureRequests, type ClientAuth, Configuration, type CustomFetch, customFetch } from 'openid-client';
import type { FederationMeter } from '../domain/federation/federation-meter.ts';
import { UpstreamError } from '../domain/federation/upstream.ts';
import { isOfOneTenant, type UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import type { Clock } from '../lib/clock.ts';
import { createBreaker } from './breaker.ts';
import { createGuardedFetch, type GuardedFetch, type OutboundRules } from './guarded-fetch.ts';
import { createKept } from './kept.ts';
import { createKeySet, type KeySet } from './key-set.ts';
import { type Discovery, discover, type Metadata } from './metadata.ts';

const DISCOVERY_SECONDS = 3600;

/** What is remembered of one provider as it stands: its document, its keys, its faults. */
export interface Connection {
  /** Bounded, and through the breaker. */
  readonly fetch: GuardedFetch;
  discovery(): Promise<Discovery>;
  readonly keys: KeySet;
}

interface Surroundings {
  readonly rules: OutboundRules;
  readonly clock: Clock;
  readonly meter: Pick<FederationMeter, 'asked' | 'rests'>;
}

/** Administrators of one tenant say what the issuer is, and its document what else is asked: by that they get into no other private place. */
function rulesFor(provider: UpstreamProvider, rules: OutboundRules): OutboundRules {
  return isOfOneTenant(provider) ? { ...rules, privateAt: new URL(provider.issuer).origin } : rules;
}

export function openConnection(provider: UpstreamProvider, { rules: forAll, clock, meter }: Surroundings): Connection {
  const { id } = provider;
  const rules = rulesFor(provider, forAll);
  const guarded = createGuardedFetch(rules);
  const breaker = createBreaker(clock, (resting) => meter.rests(id, resting));
  const timed: GuardedFetch = async (address, options) => {
    const started = performance.now();
    try {
      return await guarded(address, options);
    } finally {
      meter.asked(id, (performance.now() - started) / 1000);
    }
  };
  const fetch: GuardedFetch = (address, options) => breaker(() => timed(address, options));
  const discovery = createKept(() => discover(provider, fetch, rules), DISCOVERY_SECONDS, clock);
  const uri = async () => {
    const { metadata } = await discovery.get();
    if (metadata.jwks_uri === undefined) throw new UpstreamError(`The provider ${provider.id} signs no tokens.`, { kind: 'invalid' });
    return metadata.jwks_uri;
  };
  return { fetch, discovery: discovery.get, keys: createKeySet({ uri, fetch, clock }) };
}

/** One connection for each provider, anew when it was changed. */
export function createConnections(surroundings: Surroundings) {
  const open = new Map<string, { readonly version: string; readonly connection: Connection }>();
  return (provider: UpstreamProvider): Connection => {
    const version = `${provider.issuer} ${provider.updatedAt.getTime()}`;
    const known = open.get(provider.id);
    if (known?.version === version) return known.connection;
    const connection = openConnection(provider, surroundings);
    surroundings.meter.rests(provider.id, false);
    open.set(provider.id, { version, connection });
    return connection;
  };
}

/** openid-client for one provider. @param fetch what decides where it may go */
export function configure(metadata: Metadata, { clientId }: UpstreamProvider, auth: ClientAuth, fetch: CustomFetch): Configuration {
  const config = new Configuration(metadata, clientId, undefined, auth);
  config[customFetch] = fetch;
  allowInsecureRequests(config);
  return config;
}
