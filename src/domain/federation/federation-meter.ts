import type { FederationRefusal } from './federation-service.ts';
import type { UpstreamError } from './upstream.ts';
import type { ProviderId } from './upstream-provider.ts';

/** How a sign-in with another provider ended. */
export type SignInEnd = 'signed_in' | 'link_offered' | FederationRefusal | `upstream_${UpstreamError['kind']}`;

/** Port: counts how signing in with other providers goes. Providers are those there are, never a name that somebody typed. */
export interface FederationMeter {
  ended(provider: ProviderId, end: SignInEnd): void;
  /** A request to it was answered, or was not. */
  asked(provider: ProviderId, seconds: number): void;
  /** Whether it is left alone for a while, because it failed several times in a row. */
  rests(provider: ProviderId, resting: boolean): void;
}

/** Passes everything on to whoever counts, once somebody does: in the server, not on the command line. */
export interface FederationMeterRelay extends FederationMeter {
  connect(meter: FederationMeter): void;
}

export function createFederationMeterRelay(): FederationMeterRelay {
  let target: FederationMeter | undefined;
  return {
    ended: (provider, end) => target?.ended(provider, end),
    asked: (provider, seconds) => target?.asked(provider, seconds),
    rests: (provider, resting) => target?.rests(provider, resting),
    connect(meter) {
      target = meter;
    },
  };
}
