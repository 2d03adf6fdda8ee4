import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { createSealedSlips, type SealedSlipsDeps } from '../tokens/sealed-slips.ts';
import { isIdentityOf } from './issuers.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type Upstream, UpstreamError } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';
import type { VisitId, Visits } from './visits.ts';

/** As long as somebody may take at another provider's page. */
const LIFETIME_MS = 10 * 60_000;

/** Whoever signs out here is signed out at the provider they came from, where it is set so (OpenID Connect RP-Initiated Logout 1.0). */
export interface SignOutElsewhere {
  /**
   * The visit is over, whatever the provider does.
   * @param returnTo where the sign-out here would have gone
   * @returns where to send the browser first; undefined: nowhere
   */
  depart(visit: VisitId, returnTo: string, origin: Origin): Promise<URL | undefined>;
  /** Where a browser that comes back was going to, once. Undefined when the `state` is unknown, used, expired or of another provider. */
  arrive(provider: ProviderId, state: string): Promise<string | undefined>;
}

/** Where a browser goes on to that is at a provider to sign out. */
interface Waiting {
  readonly provider: ProviderId;
  readonly returnTo: string;
}

export interface SignOutElsewhereDeps extends SealedSlipsDeps {
  readonly providers: Pick<ProviderRegistry, 'find'>;
  readonly upstream: Pick<Upstream, 'endSessionUrl'>;
  readonly visits: Visits;
  readonly audit: Audit;
  /** The address that is registered there for browsers that were signed out. */
  readonly returnAddressOf: (provider: UpstreamProvider) => string;
}

export function createSignOutElsewhere(deps: SignOutElsewhereDeps): SignOutElsewhere {
  const { providers, upstream, visits, audit } = deps;
  const waiting = createSealedSlips<Waiting>({ kind: 'UpstreamSignOut', lifetimeMs: LIFETIME_MS }, deps);

  return {
    async depart(id, returnTo, origin) {
      const visit = await visits.find(id);
      await visits.end(id);
      // A provider of this id may be another one by now, and its ID token says who they are.
      const found = visit && (await providers.find(visit.provider, visit.tenantId));
      const provider = visit && found && isIdentityOf(found, visit) ? found : undefined;
      if (visit?.idToken === undefined || !provider?.endsSession) return undefined;
      try {
        const state = await waiting.make({ provider: provider.id, returnTo });
        return await upstream.endSessionUrl(provider, { idToken: visit.idToken, returnTo: deps.returnAddressOf(provider), state });
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const detail = { provider: provider.id, kind: error.kind, reason: error.detail };
        await audit.record({ type: 'federation.failed', origin, tenantId: provider.tenantId, accountId: visit.accountId, detail });
        return undefined;
      }
    },

    async arrive(provider, state) {
      // Another provider's is not used up.
      if ((await waiting.find(state))?.provider !== provider) return undefined;
      return (await waiting.take(state))?.returnTo;
    },
  };
}
