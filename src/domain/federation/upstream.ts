import type { JsonObject } from '../../lib/json.ts';
import type { UpstreamProvider } from './upstream-provider.ts';

/** What one sign-in at a provider is bound to; made by us, kept sealed in the meantime, used once. */
export interface UpstreamExpectation {
  readonly state: string;
  readonly nonce: string;
  /** PKCE (RFC 7636), S256. */
  readonly codeVerifier: string;
  /** How long ago they may have signed in there, where the application says so. Seconds. */
  readonly maxAge?: number | undefined;
  /** When the provider was told to have them sign in again, whoever they are (prompt=login). Seconds since 1970. */
  readonly promptedAt?: number | undefined;
}

/** What the application asked of us, passed on (OpenID Connect Core 3.1.2.1). */
export interface UpstreamHints {
  readonly loginHint?: string | undefined;
  readonly acrValues?: string | undefined;
  readonly prompt?: string | undefined;
  /** Seconds. */
  readonly maxAge?: number | undefined;
  readonly uiLocales?: string | undefined;
}

/** Who a provider says it is, verified: signature, issuer, audience, nonce, times. */
export interface UpstreamIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** ID token and, where asked for, userinfo; at most 64 KiB of JSON. Of OAuth 2 providers what their API tells. */
  readonly claims: JsonObject;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** For logout there. */
  readonly idToken: string | undefined;
  readonly tokens: UpstreamTokens;
}

/** What a provider gives for its own APIs. */
export interface UpstreamTokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly expiresAt: Date | undefined;
}

/** Our front with other identity providers. All fetches are bounded in time and size and go to public addresses, or to those the operator allows. */
export interface Upstream {
  /** Where to send the browser. Pushes the request first where that is offered (RFC 9126). @throws UpstreamError */
  authorizationUrl(provider: UpstreamProvider, redirectUri: string, request: UpstreamExpectation & UpstreamHints): Promise<URL>;
  /** @param callback the address the browser came back to, or the same made of a posted form. @throws UpstreamError */
  redeem(
    provider: UpstreamProvider,
    callback: URL,
    expected: UpstreamExpectation & { readonly redirectUri: string },
  ): Promise<UpstreamIdentity>;
  /**
   * New tokens for old; without a refresh token among them the old one stays good.
   * @throws UpstreamError, `refused` when the person has to sign in there anew
   */
  refresh(provider: UpstreamProvider, refreshToken: string): Promise<UpstreamTokens>;
  /**
   * Where to send a browser that signed out here. Undefined when the provider has no such place. @throws UpstreamError
   * @param signOut the ID token it gave us, and where it is to send the browser afterwards, with this `state`
   */
  endSessionUrl(
    provider: UpstreamProvider,
    signOut: { readonly idToken: string; readonly returnTo: string; readonly state: string },
  ): Promise<URL | undefined>;
  /** A logout token of the provider (OpenID Connect Back-Channel Logout 2.6), verified. @throws UpstreamError */
  readLogoutToken(provider: UpstreamProvider, token: string): Promise<LogoutNotice>;
  /** Walks discovery, keys and client credentials, and says in words what it found. */
  test(provider: UpstreamProvider): Promise<readonly UpstreamFinding[]>;
}

/** That somebody signed out there; of subject and session at least one is told. */
export interface LogoutNotice {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly jti: string;
}

export interface UpstreamFinding {
  readonly what: string;
  readonly fine: boolean;
  /** What was found, or what is wrong and how to mend it. */
  readonly message: string;
}

/**
 * `unavailable`: it did not answer, or with a fault; trying again may help. `refused`: it ended the sign-in (access_denied and the like).
 * `stale`: they had to sign in there anew, and it did not show that they did.
 * `invalid`: what it answered is not to be trusted, or our registration there is wrong.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly kind: 'unavailable' | 'refused' | 'stale' | 'invalid';
  /** For the log and for whoever administers the provider: no token, no code. */
  readonly detail: string;

  constructor(detail: string, { kind, cause }: { readonly kind: UpstreamError['kind']; readonly cause?: unknown }) {
    super(`${kind}: ${detail}`, { cause });
    this.kind = kind;
    this.detail = detail;
  }
}
