import type * as oidc from 'openid-client';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { CookieBrowser, type Page } from './cookie-browser.ts';
import { type AuthorizationRequest, authorizationRequest, CALLBACK, type Credentials, relyingParty, signIn } from './relying-party.ts';
import type { TestServer } from './start-server.ts';

/** Pairs where a field has to be there twice. */
type Fields = Readonly<Record<string, string>> | string[][];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty when the answer is no JSON. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /^application\/(?:[\w-]+\+)?json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : {}, text };
}

export async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await toAnswer(await fetch(url, { headers, redirect: 'manual' }));
}

/** A form, as clients send it to the endpoints that answer with JSON. */
export async function post(url: string, fields: Fields, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const form = new URLSearchParams(fields as Record<string, string>);
  return await toAnswer(await fetch(url, { method: 'POST', body: form, headers: { accept: 'application/json', ...headers } }));
}

/** RFC 6749 2.3.1. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

/** An authorization response, with the request it answers. */
export interface Authorized {
  readonly code: string;
  readonly callback: URL;
  readonly request: AuthorizationRequest;
}

/** What a client of ours sends by itself, byte for byte, where openid-client would be too well-behaved. */
export interface ProtocolClient {
  readonly issued: IssuedClient;
  readonly config: oidc.Configuration;
  /** Signs in as far as the browser is not yet, and allows what is asked. @throws when the last page is not the client's callback */
  authorize(browser: CookieBrowser, credentials: Credentials, parameters?: Readonly<Record<string, string>>): Promise<Authorized>;
  /** A request of this client in this browser, as far as it goes without a person. */
  request(browser: CookieBrowser, parameters?: Readonly<Record<string, string>>): Promise<Page>;
  /** The token endpoint, with the client's own authentication. */
  token(fields: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  exchange(authorized: Authorized, fields?: Readonly<Record<string, string>>): Promise<Answer>;
  refresh(token: unknown, fields?: Readonly<Record<string, string>>): Promise<Answer>;
  introspect(token: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  revoke(token: unknown): Promise<Answer>;
}

/** @param base where to send requests, when not to the issuer itself */
export async function protocolClient(
  server: Pick<TestServer, 'issuer'>,
  issued: IssuedClient,
  base = server.issuer,
): Promise<ProtocolClient> {
  const config = await relyingParty(server, issued);
  const { client, secret } = issued;
  const authenticated = (path: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
    secret === undefined
      ? post(`${base}${path}`, { client_id: client.id, ...fields }, headers)
      : post(`${base}${path}`, fields, { authorization: basic(client.id, secret), ...headers });

  const self: ProtocolClient = {
    issued,
    config,
    async authorize(browser, credentials, parameters = {}) {
      const request = await authorizationRequest(config, parameters);
      const page = await signIn(browser, request.url, credentials);
      const callback = new URL(page.url);
      const code = callback.searchParams.get('code');
      if (code === null) throw new Error(`no code: ${page.status} ${page.url}\n${page.html.slice(0, 800)}`);
      return { code, callback, request };
    },
    request: async (browser, parameters) => await browser.open((await authorizationRequest(config, parameters)).url),
    token: (fields, headers) => authenticated('/oauth/token', fields, headers),
    exchange: ({ code, request }, fields = {}) =>
      self.token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: new URL(request.url).searchParams.get('redirect_uri') ?? CALLBACK,
        code_verifier: request.checks.pkceCodeVerifier,
        ...fields,
      }),
    refresh: (token, fields = {}) => self.token({ grant_type: 'refresh_token', refresh_token: String(token), ...fields }),
    introspect: (token, headers) => authenticated('/oauth/introspect', { token: String(token) }, headers),
    revoke: (token) => authenticated('/oauth/revoke', { token: String(token) }),
  };
  return self;
}

export function userinfo(
  server: Pick<TestServer, 'issuer'>,
  token: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return get(`${server.issuer}/oauth/userinfo`, { authorization: `Bearer ${token}`, ...headers });
}

/** The tokens of a fresh sign-in, in a browser of its own unless one is given. */
export async function tokensOf(
  client: ProtocolClient,
  credentials: Credentials,
  { parameters = {}, browser = new CookieBrowser() }: { parameters?: Readonly<Record<string, string>>; browser?: CookieBrowser } = {},
): Promise<Answer['json']> {
  const answer = await client.exchange(await client.authorize(browser, credentials, parameters));
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`);
  return answer.json;
}
