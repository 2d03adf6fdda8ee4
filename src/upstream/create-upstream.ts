import {
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
} from 'openid-client';
import {
  type Upstream,
  UpstreamError,
  type UpstreamExpectation,
  type UpstreamHints,
  type UpstreamIdentity,
} from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import type { JsonObject } from '../lib/json.ts';
import { joinClaims, lacksSome, safeClaims } from './claims.ts';
import { type ClientProofs, clientAuthentication } from './client-authentication.ts';
import { configure, createConnections } from './connections.ts';
import { examine } from './examine.ts';
import { type Exchange, exchange } from './exchange.ts';
import { formName } from './form-name.ts';
import { fetchProfile } from './github-api.ts';
import type { OutboundRules } from './guarded-fetch.ts';
import { readIdToken } from './id-token.ts';
import { readLogoutToken } from './logout-token.ts';
import { PROVIDER_KINDS } from './provider-kinds.ts';
import { upstreamFault } from './upstream-faults.ts';

export interface UpstreamDeps extends ClientProofs {
  readonly rules: OutboundRules;
}

/** Other identity providers, by openid-client. */
export function createUpstream(deps: UpstreamDeps): Upstream {
  const { clock } = deps;
  const connectionTo = createConnections(deps);

  async function open(provider: UpstreamProvider): Promise<Exchange> {
    const connection = connectionTo(provider);
    const { metadata } = await connection.discovery();
    return { provider, metadata, auth: await clientAuthentication(provider, metadata, deps), connection, clock };
  }

  return {
    authorizationUrl: (provider, redirectUri, request) =>
      told(async () => {
        const { metadata, auth, connection } = await open(provider);
        const config = configure(metadata, provider, auth, connection.fetch);
        const parameters = await authorizationParameters(provider, redirectUri, request);
        const pushed = metadata.pushed_authorization_request_endpoint !== undefined;
        return pushed ? await buildAuthorizationUrlWithPAR(config, parameters) : buildAuthorizationUrl(config, parameters);
      }),

    redeem: (provider, callback, expected) =>
      told(async () => {
        const opened = await open(provider);
        const { tokens, idToken, issuer } = await exchange(opened, callback, expected);
        const { api } = PROVIDER_KINDS[provider.preset];
        if (api) {
          const config = configure(opened.metadata, provider, opened.auth, opened.connection.fetch);
          const profile = await fetchProfile(config, tokens.accessToken, { issuer: provider.issuer, api });
          return { ...profile, issuer: provider.issuer, acr: undefined, amr: [], idToken: undefined, tokens };
        }
        if (idToken === undefined)
          throw new UpstreamError('It answered without an ID token. The scopes have to have openid among them.', { kind: 'invalid' });
        const { keys } = opened.connection;
        const claims = await readIdToken(idToken, expected.nonce, { provider, keys, clock });
        if (issuer !== undefined && issuer !== claims.iss)
          throw new UpstreamError('The answer came from another issuer than its ID token.', { kind: 'invalid' });
        const whole = await withUserinfo(opened, tokens.accessToken, claims);
        const named = PROVIDER_KINDS[provider.preset].nameInForm ? { ...formName(callback), ...whole } : whole;
        return { issuer: claims.iss, subject: claims.sub, claims: named, ...methodsOf(claims), idToken, tokens };
      }),

    endSessionUrl: (provider, idToken, returnTo) =>
      told(async () => {
        const { metadata, auth, connection } = await open(provider);
        if (metadata.end_session_endpoint === undefined) return undefined;
        const config = configure(metadata, provider, auth, connection.fetch);
        return buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: returnTo });
      }),

    readLogoutToken: (provider, token) => told(() => readLogoutToken(token, { provider, keys: connectionTo(provider).keys, clock })),

    test: (provider) => examine(provider, deps),
  };
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw upstreamFault(error);
  }
}

async function authorizationParameters(
  { preset, scopes }: UpstreamProvider,
  redirectUri: string,
  { state, nonce, codeVerifier, loginHint, acrValues, prompt, maxAge, uiLocales }: UpstreamExpectation & UpstreamHints,
): Promise<Record<string, string>> {
  const hints = { login_hint: loginHint, acr_values: acrValues, prompt, max_age: maxAge?.toString(), ui_locales: uiLocales };
  return {
    ...PROVIDER_KINDS[preset].parameters,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...Object.fromEntries(Object.entries(hints).filter((each): each is [string, string] => each[1] !== undefined)),
  };
}

/** Core 5.3; its `sub` has to be that of the ID token. */
async function withUserinfo(
  { provider, metadata, auth, connection }: Exchange,
  accessToken: string,
  claims: JsonObject & { readonly sub: string },
) {
  if (metadata.userinfo_endpoint === undefined || !lacksSome(claims, provider.claims)) return claims;
  const userinfo = await fetchUserInfo(configure(metadata, provider, auth, connection.fetch), accessToken, claims.sub);
  return safeClaims(joinClaims(claims, safeClaims(userinfo), provider.claims));
}

function methodsOf({ acr, amr }: JsonObject): Pick<UpstreamIdentity, 'acr' | 'amr'> {
  const methods: readonly unknown[] = Array.isArray(amr) ? amr : [];
  const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= 255;
  return { acr: isShort(acr) ? acr : undefined, amr: methods.filter(isShort).slice(0, 20) };
}
