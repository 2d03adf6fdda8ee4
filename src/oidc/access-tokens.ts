import { decodeJwt } from 'jose';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';
import { isOpenidScope } from '../domain/policy/openid-scopes.ts';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import { sha256 } from '../lib/digest.ts';

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

/** The parts of a token's record that its JWT does not show. */
export interface RecordedToken {
  /** Which of the OpenID scopes its own request asked for. */
  readonly openidScope?: string | undefined;
  /** SHA-256 of the JWT that was handed out. */
  readonly jwtDigest?: string | undefined;
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
    const inPayload = [...model.IN_PAYLOAD, 'openidScope', 'jwtDigest'];
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => inPayload });
    model.prototype.getValueAndPayload = async function recorded(this: TokenModel) {
      this.openidScope ??= openidScopeOf(Provider.ctx as KoaContextWithOIDC | undefined);
      const result = await original.call(this);
      if (result.payload || this.format !== 'jwt') return result;
      const iat = this.iat ?? now();
      const fields = inPayload.filter((field) => field !== 'format' && this[field] !== undefined).map((field) => [field, this[field]]);
      const payload = { ...Object.fromEntries(fields), iat, exp: this.exp ?? iat + this.expiration, jwtDigest: sha256(result.value) };
      return { value: result.value, payload };
    };
  }
}

/** What a JWT says its record is, until the record is found to say the same. */
export interface ShownToken {
  readonly jti: string;
  readonly digest: string;
}

/** Reads a JWT that may be an access token of ours; undefined when it is none or is over. */
export type ReadAccessToken = (token: string) => ShownToken | undefined;

/**
 * No signature is checked: a token that was shown is one of ours when its record, found by the `jti`, holds the digest of these very bytes
 * (`isRecordOf`). That says more than a signature, which a stolen key can make too, and costs a tenth.
 */
export function createAccessTokenReader({ issuer, clock }: { issuer: string; clock: Clock }): ReadAccessToken {
  return (token) => {
    try {
      const { iss, jti, exp } = decodeJwt(token);
      const current = iss === issuer && typeof exp === 'number' && exp > epochSeconds(clock());
      return current && typeof jti === 'string' ? { jti, digest: sha256(token) } : undefined;
    } catch {
      return undefined;
    }
  };
}

/** Whether this is the record that was made for the shown token. */
export function isRecordOf(shown: ShownToken, record: object): boolean {
  return (record as RecordedToken).jwtDigest === shown.digest;
}
