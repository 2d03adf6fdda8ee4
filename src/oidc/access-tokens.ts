import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { SIGNING_ALGORITHMS } from '../domain/keys/signing-algorithms.ts';
import { isOpenidScope } from '../domain/policy/openid-scopes.ts';

/** Parts of the engine's token models that its types leave out; pinned with oidc-provider (~9.13). */
interface TokenModel {
  format?: string;
  iat?: number;
  exp?: number;
  expiration: number;
  openidScope?: string | undefined;
  getValueAndPayload(): Promise<{ value: string; payload?: Record<string, unknown> }>;
  [field: string]: unknown;
}

interface TokenModelClass {
  prototype: TokenModel;
  IN_PAYLOAD: readonly string[];
}

/** The part of a token's record that its JWT does not show: which of the OpenID scopes its own request asked for. */
export interface RecordedToken {
  readonly openidScope?: string | undefined;
}

/** At refresh the request may ask for fewer than the code did. */
function openidScopeOf(ctx: KoaContextWithOIDC | undefined): string | undefined {
  const { AuthorizationCode, RefreshToken } = ctx?.oidc.entities ?? {};
  const scope = ctx?.oidc.params?.scope ?? AuthorizationCode?.scope ?? RefreshToken?.scope;
  if (typeof scope !== 'string') return undefined;
  return scope.split(' ').filter(isOpenidScope).join(' ');
}

/**
 * The engine hands out JWT access tokens without storing them, so they could be neither introspected nor revoked.
 * This stores a record under the token's `jti` beside each, and the token dies with its record, grant, session or account.
 */
export function recordAccessTokens(provider: Provider, now: () => number): void {
  for (const model of [provider.AccessToken, provider.ClientCredentials] as unknown as TokenModelClass[]) {
    const original = model.prototype.getValueAndPayload;
    const inPayload = [...model.IN_PAYLOAD, 'openidScope'];
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => inPayload });
    model.prototype.getValueAndPayload = async function recorded(this: TokenModel) {
      this.openidScope ??= openidScopeOf(Provider.ctx as KoaContextWithOIDC | undefined);
      const result = await original.call(this);
      if (result.payload || this.format !== 'jwt') return result;
      const iat = this.iat ?? now();
      const fields = inPayload.filter((field) => field !== 'format' && this[field] !== undefined).map((field) => [field, this[field]]);
      return { value: result.value, payload: { ...Object.fromEntries(fields), iat, exp: this.exp ?? iat + this.expiration } };
    };
  }
}

/** Checks a JWT access token of ours (RFC 9068) and gives its `jti`, under which its record stands; undefined when it is none. */
export type ReadAccessToken = (token: string) => Promise<string | undefined>;

export function createAccessTokenReader({
  issuer,
  jwks,
  clock,
}: {
  issuer: string;
  jwks: JSONWebKeySet;
  clock: () => Date;
}): ReadAccessToken {
  const keys = createLocalJWKSet(jwks);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        typ: 'at+jwt',
        algorithms: [...SIGNING_ALGORITHMS],
        requiredClaims: ['jti', 'exp', 'sub', 'client_id'],
        currentDate: clock(),
      });
      return payload.jti;
    } catch {
      return undefined;
    }
  };
}
