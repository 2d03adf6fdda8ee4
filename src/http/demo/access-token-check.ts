import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { tokenIntrospection } from 'openid-client';
import type { ClientCredentials, DemoIssuer } from './issuer.ts';
import type { Recorder } from './recorder.ts';

/** Why a request was refused (RFC 6750, section 3.1). */
export interface Refusal {
  readonly status: 401 | 403;
  /** Undefined when no token was sent: then nothing more is said. */
  readonly error: 'invalid_token' | 'insufficient_scope' | undefined;
  /** ASCII without quotes and backslashes: it travels in a header. */
  readonly description: string;
  /** What would have been needed. */
  readonly scope?: string;
}

type CheckResult = { readonly claims: JWTPayload } | { readonly refusal: Refusal };

export interface AccessTokenCheckDeps {
  readonly issuer: DemoIssuer;
  /** The identifier of this API: the `aud` its tokens carry. */
  readonly audience: string;
  readonly credentials: ClientCredentials;
}

/** What time it is at the API, and by whose doing. */
export interface ApiClock {
  readonly now: Date;
  /** In words, when the clock was put forward for this call. */
  readonly because: string | undefined;
}

interface TokenRequest {
  readonly authorization: string;
  readonly scope: string;
  readonly clock: ApiClock;
  readonly recorder: Recorder;
}

export type AccessTokenCheck = (request: TokenRequest) => Promise<CheckResult>;

/** As RFC 9068, section 4 asks of a resource server; then introspection, since a signature says nothing of what was revoked since. */
export function createAccessTokenCheck({ issuer, audience, credentials }: AccessTokenCheckDeps): AccessTokenCheck {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

  async function verify(token: string, now: Date): Promise<JWTPayload> {
    const { issuer: name, jwks_uri: jwksUri } = await issuer.metadata();
    keys ??= createRemoteJWKSet(new URL(jwksUri ?? ''));
    const { payload } = await jwtVerify(token, keys, {
      issuer: name,
      audience,
      typ: 'at+jwt',
      algorithms: ['ES256', 'RS256'],
      requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id'],
      currentDate: now,
    });
    return payload;
  }

  return async ({ authorization, scope, clock, recorder }) => {
    const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
    if (!token) return refuse({ status: 401, error: undefined, description: 'Send an access token as Authorization: Bearer.' });
    let claims: JWTPayload;
    try {
      claims = await verify(token, clock.now);
    } catch (error) {
      const reason = reasonOf(error, clock);
      if (reason === undefined) throw error;
      return refuse({ status: 401, error: 'invalid_token', description: reason });
    }
    const configuration = await issuer.configure(credentials, recorder.fetch);
    const { active } = await tokenIntrospection(configuration, token);
    if (!active) return refuse({ status: 401, error: 'invalid_token', description: revoked(claims) });
    const carried = typeof claims.scope === 'string' ? claims.scope : '';
    if (!carried.split(' ').includes(scope)) {
      const description = `This needs ${scope}, and the token carries ${carried || 'no scope'}.`;
      return refuse({ status: 403, error: 'insufficient_scope', description, scope });
    }
    return { claims };
  };
}

const refuse = (refusal: Refusal): CheckResult => ({ refusal });

const timeOfDay = (at: Date) => `${at.toISOString().slice(11, 19)} UTC`;

function revoked({ exp = 0 }: JWTPayload): string {
  return `Gatehouse has revoked this token. By its signature and age alone it would have passed until ${timeOfDay(new Date(exp * 1000))}.`;
}

/** Undefined for what is no fault of the token, such as keys that can't be fetched. */
function reasonOf(error: unknown, { now, because }: ApiClock): string | undefined {
  if (error instanceof errors.JWTExpired) {
    const expired = `The token expired at ${timeOfDay(new Date((error.payload.exp ?? 0) * 1000))}.`;
    return because === undefined ? expired : `${expired} For this call, ${because} has put the clock of this API to ${timeOfDay(now)}.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature does not fit the token.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `The token is not for this API, or no access token: ${error.claim} is not right.`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with a key that Gatehouse does not publish.';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid || error instanceof errors.JOSEAlgNotAllowed) {
    return 'This is no access token of Gatehouse.';
  }
  return undefined;
}
