import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { ArtifactStore } from '../tokens/artifact-store.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type Upstream, UpstreamError } from './upstream.ts';
import { isIssuedBy, type ProviderId, type UpstreamProvider } from './upstream-provider.ts';
import type { VisitId, Visits } from './visits.ts';

const KIND = 'UpstreamSignOut';

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

export interface SignOutElsewhereDeps {
  readonly providers: Pick<ProviderRegistry, 'list'>;
  readonly upstream: Pick<Upstream, 'endSessionUrl'>;
  readonly visits: Visits;
  readonly artifacts: ArtifactStore;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
  /** The address that is registered there for browsers that were signed out. */
  readonly returnAddressOf: (provider: UpstreamProvider) => string;
}

export function createSignOutElsewhere(deps: SignOutElsewhereDeps): SignOutElsewhere {
  const { providers, upstream, visits, artifacts, keyring, audit, clock } = deps;
  const recordOf = (key: string) => `${KIND} ${key}`;

  async function remember(provider: ProviderId, returnTo: string): Promise<string> {
    const state = randomToken();
    const key = sha256(state);
    const sealed = keyring.seal(JSON.stringify({ provider, returnTo }), recordOf(key));
    await artifacts.put(KIND, key, { payload: { sealed } }, new Date(clock().getTime() + LIFETIME_MS));
    return state;
  }

  return {
    async depart(id, returnTo, origin) {
      const visit = await visits.find(id);
      await visits.end(id);
      // A provider of this id may be another one by now, and its ID token says who they are.
      const provider = (await providers.list(visit?.tenantId)).find(
        (each) => each.id === visit?.provider && isIssuedBy(visit.issuer, each),
      );
      if (visit?.idToken === undefined || !provider?.endsSession) return undefined;
      try {
        const state = await remember(provider.id, returnTo);
        return await upstream.endSessionUrl(provider, { idToken: visit.idToken, returnTo: deps.returnAddressOf(provider), state });
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const detail = { provider: provider.id, kind: error.kind, reason: error.detail };
        await audit.record({ type: 'federation.failed', origin, tenantId: provider.tenantId, accountId: visit.accountId, detail });
        return undefined;
      }
    },

    async arrive(provider, state) {
      const key = sha256(state);
      const artifact = await artifacts.find(KIND, key);
      if (!artifact || artifact.consumedAt !== undefined) return undefined;
      const waiting = JSON.parse(keyring.open(String(artifact.payload.sealed), recordOf(key))) as { provider: string; returnTo: string };
      return waiting.provider === provider && (await artifacts.consume(KIND, key)) ? waiting.returnTo : undefined;
    },
  };
}
