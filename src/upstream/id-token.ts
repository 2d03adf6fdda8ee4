import { type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { isTokenOf } from '../domain/federation/issuers.ts';
import { UpstreamError, type UpstreamExpectation } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import { ASSERTION_ALGORITHMS } from '../domain/keys/signing-algorithms.ts';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import type { JsonObject } from '../lib/json.ts';
import { safeClaims } from './claims.ts';
import type { KeySet } from './key-set.ts';
import { tokenFault } from './upstream-faults.ts';

/** Seconds by which clocks may differ. */
export const SKEW_SECONDS = 60;

const LONGEST_SUBJECT = 255;

export interface TokenJudge {
  readonly provider: UpstreamProvider;
  readonly keys: KeySet;
  readonly clock: Clock;
}

/** What we asked for, as far as the token answers it. */
type ExpectedOfToken = Pick<UpstreamExpectation, 'nonce' | 'maxAge' | 'promptedAt'>;

type IdentityClaims = JsonObject & { readonly iss: string; readonly sub: string };

/** OpenID Connect Core 3.1.3.7; the signature always counts, wherever the token came from. @throws UpstreamError */
export async function readIdToken(token: string, expected: ExpectedOfToken, judge: TokenJudge): Promise<IdentityClaims> {
  const claims = await readToken('ID token', token, judge, {
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce'],
    maxTokenAge: 600,
  });
  const { provider } = judge;
  const audiences = [claims.aud].flat();
  if (claims.nonce !== expected.nonce)
    throw new UpstreamError('The ID token is of another sign-in: its nonce differs.', { kind: 'invalid' });
  if (claims.azp === undefined ? audiences.length > 1 : claims.azp !== provider.clientId)
    throw new UpstreamError('The ID token was issued to another client (azp).', { kind: 'invalid' });
  if (!isSubject(claims.sub))
    throw new UpstreamError(`The subject of the ID token is not a text of 1 to ${LONGEST_SUBJECT} characters.`, { kind: 'invalid' });
  refuseStale(claims, expected, epochSeconds(judge.clock()));
  return { ...claims, iss: String(claims.iss), sub: claims.sub };
}

/** Core 3.1.2.1: with max_age the token has to tell when they signed in; with prompt=login it counts where it tells. @throws UpstreamError */
function refuseStale({ auth_time: at }: JsonObject, { maxAge, promptedAt }: ExpectedOfToken, now: number): void {
  const stale = (detail: string) => new UpstreamError(detail, { kind: 'stale' });
  if (typeof at !== 'number') {
    if (maxAge === undefined) return;
    throw stale('Asked for a sign-in of a certain age (max_age), it did not tell when that was (auth_time).');
  }
  if (maxAge !== undefined && now - at > maxAge + SKEW_SECONDS)
    throw stale(`They signed in there ${now - at} seconds ago, and ${maxAge} are the most (max_age).`);
  if (promptedAt !== undefined && promptedAt - at > SKEW_SECONDS)
    throw stale('Asked to have them sign in again (prompt=login), it did not.');
}

/** Core 2: at most 255 characters. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= LONGEST_SUBJECT && !/\p{Cc}/u.test(value);
}

/** A token of the provider for us, signed by it and of now. @throws UpstreamError */
export async function readToken(
  name: string,
  token: string,
  { provider, keys, clock }: TokenJudge,
  rules: Pick<JWTVerifyOptions, 'requiredClaims' | 'maxTokenAge'>,
): Promise<JsonObject> {
  const payload = await verify(name, token, keys, {
    ...rules,
    algorithms: [...ASSERTION_ALGORITHMS],
    audience: provider.clientId,
    clockTolerance: SKEW_SECONDS,
    currentDate: clock(),
  });
  const claims = safeClaims(payload);
  if (!isTokenOf(provider, claims))
    throw new UpstreamError(`The ${name} is of another issuer than ${provider.issuer}.`, { kind: 'invalid' });
  return claims;
}

async function verify(name: string, token: string, { keyFor }: KeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyFor, options)).payload;
  } catch (error) {
    throw tokenFault(name, error);
  }
}
