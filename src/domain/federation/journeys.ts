import { epochSeconds } from '../../lib/clock.ts';
import { randomToken } from '../../lib/random.ts';
import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';
import { createSealedSlips, type SealedSlipsDeps } from '../tokens/sealed-slips.ts';
import type { UpstreamExpectation, UpstreamHints } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

/** As long as somebody may take at another provider's pages. */
const LIFETIME_MS = 10 * 60_000;

/** What somebody signs in upstream for; the answer comes back to the same place, in the same browser. */
export type Journey =
  /** A sign-in page of an authorization request. */
  | { readonly kind: 'interaction'; readonly uid: string; readonly tenantId: TenantId }
  /** The session API: an address of a front end, or none for a client that takes JSON. */
  | { readonly kind: 'session-api' /** Digest of what the browser holds. */; readonly browser: string }
  /** Somebody who is signed in here wants to link their account. `browser` as above. */
  | { readonly kind: 'account'; readonly accountId: AccountId; readonly tenantId: TenantId; readonly browser: string }
  /** Whoever looks after a provider tries it out; `trial` is what they hold. */
  | { readonly kind: 'trial'; readonly trial: string };

/** What waits here while a browser is at another provider. */
export interface Departure {
  readonly provider: ProviderId;
  /** What the provider was then: an answer is for nobody else who goes by its id by now. */
  readonly left: Pick<UpstreamProvider, 'issuer' | 'clientId' | 'tenantId'>;
  readonly journey: Journey;
  readonly redirectUri: string;
  readonly expected: UpstreamExpectation;
}

/** Sign-ins that are under way at other providers, by the digest of their `state`; verifier and nonce are sealed. */
export interface Journeys {
  /** @param asked what has to be seen to when the answer comes */
  depart(wish: Omit<Departure, 'expected'>, asked: Pick<UpstreamHints, 'maxAge' | 'prompt'>): Promise<UpstreamExpectation>;
  /** Undefined when it is unknown, used or expired. */
  find(state: string): Promise<Departure | undefined>;
  /** Exactly one caller gets true. */
  arrive(state: string): Promise<boolean>;
}

export function createJourneys(deps: SealedSlipsDeps): Journeys {
  const slips = createSealedSlips<Departure>({ kind: 'UpstreamState', lifetimeMs: LIFETIME_MS }, deps);
  return {
    async depart(wish, { maxAge, prompt }) {
      const promptedAt = prompt === 'login' ? epochSeconds(deps.clock()) : undefined;
      const expected = { state: randomToken(), nonce: randomToken(), codeVerifier: randomToken(), maxAge, promptedAt };
      await slips.make({ ...wish, expected }, { value: expected.state });
      return expected;
    },
    find: slips.find,
    arrive: async (state) => (await slips.take(state)) !== undefined,
  };
}
