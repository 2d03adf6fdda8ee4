import * as oidc from 'openid-client';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { CookieBrowser, type Page } from './cookie-browser.ts';
import { PASSWORD, type TestServer } from './start-server.ts';

export const CALLBACK = 'https://app.example.com/callback';

/** openid-client set up for a client of the server, as an application would. */
export async function relyingParty(server: Pick<TestServer, 'issuer'>, { client, secret }: IssuedClient): Promise<oidc.Configuration> {
  return await oidc.discovery(new URL(server.issuer), client.id, undefined, secret ? oidc.ClientSecretBasic(secret) : oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
}

export interface AuthorizationRequest {
  readonly url: string;
  readonly checks: { readonly pkceCodeVerifier: string; readonly expectedState: string; readonly expectedNonce?: string };
}

/** An authorization request with PKCE, state and nonce; `parameters` add or replace. */
export async function authorizationRequest(
  config: oidc.Configuration,
  parameters: Readonly<Record<string, string>> = {},
): Promise<AuthorizationRequest> {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const scope = parameters.scope ?? 'openid profile email offline_access read:interactions';
  const nonce = scope.split(' ').includes('openid') ? oidc.randomNonce() : undefined;
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope,
    state,
    ...(nonce && { nonce }),
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return { url: url.href, checks: { pkceCodeVerifier: verifier, expectedState: state, ...(nonce && { expectedNonce: nonce }) } };
}

export interface Credentials {
  readonly identifier: string;
  readonly password?: string;
}

/** Password and consent, as a person gives them; stops at the first page that is neither, such as the client's callback or a code form. */
export async function signIn(browser: CookieBrowser, url: string, { identifier, password = PASSWORD }: Credentials): Promise<Page> {
  let page = await browser.open(url);
  if (page.html.includes('name="password"')) page = await browser.submit(page, '/password', { identifier, password });
  if (page.html.includes('value="allow"')) page = await browser.submit(page, '/consent', { decision: 'allow' });
  return page;
}

/** The whole of it: sign in, consent, exchange the code. */
export async function obtainTokens(
  server: TestServer,
  issued: IssuedClient,
  credentials: Credentials,
  parameters: Readonly<Record<string, string>> = {},
) {
  const config = await relyingParty(server, issued);
  const request = await authorizationRequest(config, parameters);
  const browser = new CookieBrowser();
  const callback = await signIn(browser, request.url, credentials);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(callback.url), request.checks);
  return { config, browser, callback, tokens };
}
