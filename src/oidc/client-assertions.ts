import { errors } from 'oidc-provider';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import { CLOCK_TOLERANCE_SECONDS } from './adapter.ts';

/** An assertion is made for one request; a stolen one should not be good for long. */
const LONGEST_LIFE_SECONDS = 300;

/** Headers that bring a key along or say where to get one. Only registered keys count, so whoever sends one means something else. */
const KEY_HEADERS = ['jwk', 'jku', 'x5c', 'x5u'];

/** What a client assertion (RFC 7523) has to keep to beyond its signature, issuer and expiry. @throws InvalidClientAuth */
export function assertStrictAssertion(clock: Clock) {
  return (_ctx: unknown, { aud, exp }: Record<string, unknown>, header: Record<string, unknown>): void => {
    // An assertion that others accept too could be taken from one of them and used here.
    if (typeof aud !== 'string') throw new errors.InvalidClientAuth('client assertion must have one audience');
    if (Number(exp) > epochSeconds(clock()) + LONGEST_LIFE_SECONDS + CLOCK_TOLERANCE_SECONDS)
      throw new errors.InvalidClientAuth('client assertion lives too long');
    const brought = KEY_HEADERS.find((name) => name in header);
    if (brought !== undefined) throw new errors.InvalidClientAuth(`client assertion must not have the header ${brought}`);
  };
}
