import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { NotFoundError } from '../errors.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Departure, Journey, Journeys } from './journeys.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type Upstream, UpstreamError, type UpstreamHints, type UpstreamIdentity } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

export interface RoundTripsDeps {
  readonly providers: Pick<ProviderRegistry, 'find'>;
  readonly upstream: Upstream;
  readonly journeys: Journeys;
  readonly audit: Audit;
  /** The address at which a provider's answers arrive; each has one of its own, so that answers cannot be mixed up. */
  readonly callbackOf: (provider: UpstreamProvider) => string;
}

/** A browser's way to another provider and back, whatever it is for. */
export interface RoundTrips {
  /** @throws NotFoundError when it is not enabled for whom the journey is */
  providerFor(id: ProviderId, journey: Journey): Promise<UpstreamProvider>;
  /**
   * @returns where to send the browser
   * @throws NotFoundError when there is no such provider for this tenant, UpstreamError
   */
  begin(wish: { readonly provider: ProviderId; readonly journey: Journey; readonly hints: UpstreamHints }, origin: Origin): Promise<URL>;
  /** Whose journey a `state` belongs to, without using it up. Undefined when it is unknown, used or expired, or was made for another provider (mix-up). */
  journeyOf(provider: ProviderId, state: string): Promise<Journey | undefined>;
  /**
   * Whom the provider sent; once for each state, under any concurrency. @param callback the address that was called, with its query
   * @throws NotFoundError when the state is not of this provider, as it stands, and journey; UpstreamError
   */
  finish(
    answer: { readonly provider: ProviderId; readonly journey: Journey; readonly callback: URL },
    origin: Origin,
  ): Promise<{ readonly provider: UpstreamProvider; readonly identity: UpstreamIdentity }>;
}

export function tenantOf(journey: Journey): TenantId | undefined {
  return 'tenantId' in journey ? journey.tenantId : undefined;
}

export function createRoundTrips({ providers, upstream, journeys, audit, callbackOf }: RoundTripsDeps): RoundTrips {
  async function providerFor(id: ProviderId, journey: Journey): Promise<UpstreamProvider> {
    const found = await providers.find(id, tenantOf(journey));
    // The session API is one for all tenants: none of them says where it sends people.
    if (!found || (journey.kind === 'session-api' && !found.configured)) throw new NotFoundError('There is no such way to sign in here.');
    return found;
  }

  /** What a provider did wrong is written down before anybody hears of it. */
  async function watched<T>(provider: UpstreamProvider, origin: Origin, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UpstreamError) {
        const detail = { provider: provider.id, kind: error.kind, reason: error.detail };
        await audit.record({ type: 'federation.failed', origin, tenantId: provider.tenantId, detail });
      }
      throw error;
    }
  }

  return {
    providerFor,

    async begin({ provider: id, journey, hints }, origin) {
      const provider = await providerFor(id, journey);
      const redirectUri = callbackOf(provider);
      const { issuer, clientId, tenantId } = provider;
      const expected = await journeys.depart({ provider: id, left: { issuer, clientId, tenantId }, journey, redirectUri }, hints);
      return await watched(provider, origin, () => upstream.authorizationUrl(provider, redirectUri, { ...expected, ...hints }));
    },

    async journeyOf(provider, state) {
      const departure = await journeys.find(state);
      return departure?.provider === provider ? departure.journey : undefined;
    },

    async finish({ provider: id, journey, callback }, origin) {
      const state = callback.searchParams.get('state') ?? '';
      const departure = await journeys.find(state);
      const provider = await providerFor(id, journey);
      const fits = departure?.provider === id && isDeepStrictEqual(departure.journey, journey) && isAsLeft(provider, departure);
      if (!fits || !(await journeys.arrive(state))) throw new NotFoundError('This sign-in was finished already, or began elsewhere.');
      const { expected, redirectUri } = departure;
      return {
        provider,
        identity: await watched(provider, origin, () => upstream.redeem(provider, callback, { ...expected, redirectUri })),
      };
    },
  };
}

/** Neither code nor verifier goes to an issuer that was put in its place while somebody was away. */
function isAsLeft({ issuer, clientId, tenantId }: UpstreamProvider, { left }: Departure): boolean {
  return left.issuer === issuer && left.clientId === clientId && left.tenantId === tenantId;
}
