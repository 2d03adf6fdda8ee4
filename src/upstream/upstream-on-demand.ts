import type { Upstream } from '../domain/federation/upstream.ts';
import type { UpstreamDeps } from './create-upstream.ts';

/** Loaded when somebody first comes from another provider: every start, and every command of the command line, would wait for its libraries. */
export function upstreamOnDemand(deps: UpstreamDeps): Upstream {
  let loaded: Promise<Upstream> | undefined;
  const load = () => {
    loaded ??= import('./create-upstream.ts').then(({ createUpstream }) => createUpstream(deps));
    return loaded;
  };
  return {
    authorizationUrl: async (...args) => (await load()).authorizationUrl(...args),
    redeem: async (...args) => (await load()).redeem(...args),
    refresh: async (...args) => (await load()).refresh(...args),
    endSessionUrl: async (...args) => (await load()).endSessionUrl(...args),
    readLogoutToken: async (...args) => (await load()).readLogoutToken(...args),
    test: async (...args) => (await load()).test(...args),
  };
}
