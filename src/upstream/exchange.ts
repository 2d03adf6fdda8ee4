import { authorizationCodeGrant, type ClientAuth, type CustomFetch, type TokenEndpointResponse } from 'openid-client';
import { THEIR_TENANT } from '../domain/federation/issuers.ts';
import { UpstreamError, type UpstreamExpectation, type UpstreamTokens } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import type { Clock } from '../lib/clock.ts';
import { type Connection, configure } from './connections.ts';
import type { Metadata } from './metadata.ts';

export interface Exchange {
  readonly provider: UpstreamProvider;
  readonly metadata: Metadata;
  readonly auth: ClientAuth;
  readonly connection: Connection;
  readonly clock: Clock;
}

export interface Exchanged {
  readonly tokens: UpstreamTokens;
  readonly idToken: string | undefined;
  /** Of the authorization response (RFC 9207), where only the ID token can tell whether it is right. */
  readonly issuer: string | undefined;
}

const LONGEST_LIFE_SECONDS = 366 * 86_400;

/** The answer of the browser, and the code in it for tokens. @throws UpstreamError, and what openid-client throws */
export async function exchange(
  { provider, metadata, auth, connection, clock }: Exchange,
  callback: URL,
  { state, codeVerifier, redirectUri }: UpstreamExpectation & { readonly redirectUri: string },
): Promise<Exchanged> {
  const answer = new URL(redirectUri);
  answer.search = callback.search;
  const judgedLater = metadata.issuer.includes(THEIR_TENANT);
  const issuer = judgedLater ? (answer.searchParams.get('iss') ?? undefined) : undefined;
  if (judgedLater) answer.searchParams.delete('iss');
  const { fetch, taken } = withoutIdToken(connection.fetch);
  const config = configure(
    { ...metadata, ...(judgedLater && { authorization_response_iss_parameter_supported: false }) },
    provider,
    auth,
    fetch,
  );
  const response = await authorizationCodeGrant(config, answer, { expectedState: state, pkceCodeVerifier: codeVerifier });
  return { issuer, idToken: taken(), tokens: tokensOf(response, clock) };
}

export function tokensOf(
  { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds }: TokenEndpointResponse,
  clock: Clock,
): UpstreamTokens {
  const lifetime = seconds === undefined ? undefined : Math.min(seconds, LONGEST_LIFE_SECONDS) * 1000;
  return { accessToken, refreshToken, expiresAt: lifetime === undefined ? undefined : new Date(clock().getTime() + lifetime) };
}

/**
 * Takes the ID token out of the answer of the token endpoint. It is judged in one place (id-token.ts): by our clock, always by its signature, and by an
 * issuer that may depend on the token.
 */
export function withoutIdToken(fetch: Connection['fetch']): { readonly fetch: CustomFetch; readonly taken: () => string | undefined } {
  let idToken: unknown;
  return {
    async fetch(address, options) {
      const response = await fetch(address, options);
      const text = await response.text();
      const body = membersOf(text);
      if (!body) return new Response(text || null, response);
      const { id_token, ...rest } = body;
      idToken = id_token;
      // GitHub says no with 200.
      const status = response.ok && typeof rest.error === 'string' ? 400 : response.status;
      return new Response(JSON.stringify(rest), { status, headers: response.headers });
    },
    taken() {
      if (idToken === undefined || typeof idToken === 'string') return idToken;
      throw new UpstreamError('The ID token is not a text.', { kind: 'invalid' });
    },
  };
}

function membersOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
