import { randomToken } from '../../lib/random.ts';
import type { Origin } from '../audit/audit-log.ts';
import { createSealedSlips, type SealedSlipsDeps } from '../tokens/sealed-slips.ts';
import { labelOf, mapClaims, type UpstreamProfile } from './claims-mapping.ts';
import type { Journey } from './journeys.ts';
import type { RoundTrips } from './round-trips.ts';
import { UpstreamError } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

/** As long as somebody may take at the provider's pages; whoever waits for the outcome gives up then. */
export const TRIAL_MS = 10 * 60_000;

/** What came of a sign-in that was tried out. */
export type TrialOutcome =
  | { readonly kind: 'came'; readonly label: string; readonly issuer: string; readonly subject: string; readonly profile: UpstreamProfile }
  /** `detail` is for whoever administers the provider. */
  | { readonly kind: UpstreamError['kind']; readonly detail: string };

/** A journey of somebody who looks after a provider: whoever comes back is signed in nowhere, and no account is made. */
export type TrialJourney = Extract<Journey, { kind: 'trial' }>;

/** Signing in with a provider to see whether it works. */
export interface Trials {
  /** @returns where to open a browser. @throws NotFoundError when the provider is not enabled, UpstreamError */
  begin(provider: UpstreamProvider, origin: Origin): Promise<{ readonly trial: string; readonly url: URL }>;
  /** Once for each `state`, under any concurrency. @throws NotFoundError when it was finished already */
  finish(
    answer: { readonly provider: ProviderId; readonly journey: TrialJourney; readonly callback: URL },
    origin: Origin,
  ): Promise<TrialOutcome>;
  /** Undefined while nobody has come back. */
  outcome(trial: string): Promise<TrialOutcome | undefined>;
}

export interface TrialsDeps extends SealedSlipsDeps {
  readonly trips: RoundTrips;
}

export function createTrials({ trips, ...deps }: TrialsDeps): Trials {
  const outcomes = createSealedSlips<TrialOutcome>({ kind: 'UpstreamTrial', lifetimeMs: TRIAL_MS }, deps);

  async function come(answer: Parameters<Trials['finish']>[0], origin: Origin): Promise<TrialOutcome> {
    try {
      const { provider, identity } = await trips.finish(answer, origin);
      const { issuer, subject, claims } = identity;
      const profile = mapClaims(claims, provider.claims, provider.roles);
      return { kind: 'came', label: labelOf(profile, subject), issuer, subject, profile };
    } catch (error) {
      if (error instanceof UpstreamError) return { kind: error.kind, detail: error.detail };
      throw error;
    }
  }

  return {
    async begin({ id: provider }, origin) {
      const trial = randomToken();
      return { trial, url: await trips.begin({ provider, journey: { kind: 'trial', trial }, hints: {} }, origin) };
    },
    async finish(answer, origin) {
      const outcome = await come(answer, origin);
      await outcomes.make(outcome, { value: answer.journey.trial });
      return outcome;
    },
    outcome: outcomes.find,
  };
}
