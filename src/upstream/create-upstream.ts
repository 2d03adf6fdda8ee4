import { buildAuthorizationUrl, buildAuthorizationUrlWithPAR, buildEndSessionUrl, calculatePKCECodeChallenge } from 'openid-client';
import type { FederationMeter } from '../domain/federation/federation-meter.ts';
import { type Upstream, UpstreamError, type UpstreamExpectation, type UpstreamHints } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import { type ClientProofs, clientAuthentication } from './client-authentication.ts';
import { configure, createConnections } from './connections.ts';
import { examine } from './examine.ts';
import { type Exchange, exchange } from './exchange.ts';
import { formName } from './form-name.ts';
import type { OutboundRules } from './guarded-fetch.ts';
import { readIdentity, readProfile } from './identities.ts';
import { readLogoutToken } from './logout-token.ts';
import { PROVIDER_KINDS } from './provider-kinds.ts';
import { refresh } from './refresh.ts';
import { upstreamFault } from './upstream-faults.ts';

export interface UpstreamDeps extends ClientProofs {
  readonly rules: OutboundRules;
  readonly meter: Pick<FederationMeter, 'asked' | 'rests'>;
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
        refuseWithoutAge(provider, request);
        const { metadata, auth, connection } = await open(provider);
        const config = configure(metadata, provider, auth, connection.fetch);
        const parameters = await authorizationParameters(provider, redirectUri, request);
        const pushed = metadata.pushed_authorization_request_endpoint !== undefined;
        return pushed ? await buildAuthorizationUrlWithPAR(config, parameters) : buildAuthorizationUrl(config, parameters);
      }),

    redeem: (provider, callback, expected) =>
      told(async () => {
        refuseWithoutAge(provider, expected);
        const opened = await open(provider);
        const exchanged = await exchange(opened, callback, expected);
        const { api, nameInForm } = PROVIDER_KINDS[provider.preset];
        if (api) return await readProfile(opened, exchanged, api);
        const identity = await readIdentity(opened, exchanged, expected);
        return nameInForm ? { ...identity, claims: { ...formName(callback), ...identity.claims } } : identity;
      }),

    refresh: (provider, refreshToken) => told(async () => refresh(await open(provider), refreshToken)),

    endSessionUrl: (provider, { idToken, returnTo, state }) =>
      told(async () => {
        const { metadata, auth, connection } = await open(provider);
        if (metadata.end_session_endpoint === undefined) return undefined;
        const config = configure(metadata, provider, auth, connection.fetch);
        return buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: returnTo, state });
      }),

    readLogoutToken: (provider, token) => told(() => readLogoutToken(token, { provider, keys: connectionTo(provider).keys, clock })),

    test: (provider) => examine(provider, deps),
  };
}

/** Where there is no ID token, nobody tells when they signed in. @throws UpstreamError */
function refuseWithoutAge({ preset }: UpstreamProvider, { maxAge }: Pick<UpstreamExpectation, 'maxAge'>): void {
  if (maxAge !== undefined && PROVIDER_KINDS[preset].api)
    throw new UpstreamError('It cannot tell when somebody signed in, and the application wants to know (max_age).', { kind: 'stale' });
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw upstreamFault(error);
  }
}

async function authorizationParameters(
  provider: UpstreamProvider,
  redirectUri: string,
  { state, nonce, codeVerifier, loginHint, acrValues, prompt, maxAge, uiLocales }: UpstreamExpectation & UpstreamHints,
): Promise<Record<string, string>> {
  const offline = provider.keepsTokens ? offlineParameters(provider) : {};
  const prompts = joinPrompts(offline.prompt, prompt);
  const hints = { login_hint: loginHint, acr_values: acrValues, prompt: prompts, max_age: maxAge?.toString(), ui_locales: uiLocales };
  return {
    ...PROVIDER_KINDS[provider.preset].parameters,
    ...offline,
    redirect_uri: redirectUri,
    scope: provider.scopes.join(' '),
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...Object.fromEntries(Object.entries(hints).filter((each): each is [string, string] => each[1] !== undefined)),
  };
}

/** Where its kind says nothing, offline_access needs the person's consent to be heard at all (OpenID Connect Core 11). */
function offlineParameters({ preset, scopes }: UpstreamProvider): Readonly<Record<string, string>> {
  const { offline } = PROVIDER_KINDS[preset];
  return offline ?? (scopes.includes('offline_access') ? { prompt: 'consent' } : {});
}

/** `none` stands alone (Core 3.1.2.1). */
function joinPrompts(ours: string | undefined, asked: string | undefined): string | undefined {
  if (ours === undefined || asked === undefined || asked === 'none') return asked ?? ours;
  return [...new Set([...asked.split(' '), ours])].join(' ');
}
