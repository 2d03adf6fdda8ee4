import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';

export type Endpoint = 'discovery' | 'keys' | 'token' | 'userinfo' | 'par' | 'user' | 'emails';

const PATHS: Readonly<Record<string, Endpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'keys',
  '/token': 'token',
  '/userinfo': 'userinfo',
  '/par': 'par',
  '/login/oauth/access_token': 'token',
  '/api/v3/user': 'user',
  '/api/v3/user/emails': 'emails',
};

/** A member of the ID token as the provider means it, and what a test makes of it. */
export type Claims = Readonly<Record<string, unknown>>;

interface Signing {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** An identity provider of its own making: a good one, until a test has it misbehave. */
export interface TestProvider extends AsyncDisposable {
  readonly origin: string;
  readonly issuer: string;
  /** Members of the discovery document that are added or replaced. */
  discovery: Claims;
  /** What becomes of the payload of an ID token; a text is signed as it stands. */
  idToken: (usual: Claims) => Claims | string;
  /** What becomes of the finished token. */
  finish: (token: string) => unknown;
  /** Refresh tokens that are good, each once; a code gives one as well while there is this set. */
  refreshTokens: Set<string> | undefined;
  /** More members of the answer of the token endpoint. */
  tokens: Claims;
  userinfo: Claims;
  /** Answers in the place of an endpoint. */
  readonly instead: Partial<Record<Endpoint, RequestListener>>;
  /** Requests that arrived. */
  readonly asked: Record<Endpoint, number>;
  /** What the last request for tokens came with, or the last that was pushed. */
  lastForm: URLSearchParams;
  lastAuthorization: string | undefined;
  /** What somebody does whose browser came to `url`: they agree, and go back with a code. */
  authorize(url: URL): URL;
  /** Signs with another key from now on, and publishes that alone. */
  rotate(alg?: string): Promise<void>;
  sign(payload: Claims | string, header?: Claims): Promise<string>;
}

interface Options {
  /** Behind the origin; may hold {tenantid}. */
  readonly path?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
}

async function makeKey(alg: string): Promise<Signing> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export async function startTestProvider({ path = '', tls }: Options = {}): Promise<TestProvider> {
  let signing = await makeKey('ES256');
  let subject: unknown;
  const pushed = new Map<string, URLSearchParams>();
  const codes = new Map<string, URLSearchParams>();
  const answer: RequestListener = async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin);
    const endpoint = Object.entries(PATHS).find(([end]) => pathname.endsWith(end))?.[1];
    if (!endpoint) return response.writeHead(404).end();
    provider.asked[endpoint] += 1;
    const instead = provider.instead[endpoint];
    if (instead) return instead(request, response);
    const { status, body } = await answers[endpoint](request);
    return response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const origin = `${tls ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`;
  const ok = (body: unknown) => ({ status: 200, body });
  const readForm = async (request: IncomingMessage) => (provider.lastForm = new URLSearchParams(await text(request)));

  function anotherRefreshToken() {
    if (!provider.refreshTokens) return {};
    const token = `refresh-${randomUUID()}`;
    provider.refreshTokens.add(token);
    return { refresh_token: token };
  }

  async function giveTokens(request: IncomingMessage) {
    provider.lastAuthorization = request.headers.authorization;
    const form = await readForm(request);
    if (form.get('grant_type') === 'refresh_token')
      return provider.refreshTokens?.delete(form.get('refresh_token') ?? '')
        ? ok({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, ...anotherRefreshToken(), ...provider.tokens })
        : { status: 400, body: { error: 'invalid_grant' } };
    const asked = codes.get(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (asked?.get('code_challenge') !== challenge || asked.get('redirect_uri') !== form.get('redirect_uri'))
      return { status: 400, body: { error: 'invalid_grant' } };
    codes.delete(form.get('code') ?? '');
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: issuer, aud: asked.get('client_id'), sub: 'ada', nonce: asked.get('nonce'), iat: now, exp: now + 300 };
    const claims = provider.idToken(usual);
    subject = typeof claims === 'string' ? usual.sub : claims.sub;
    const token = await provider.sign(claims);
    const refresh = anotherRefreshToken();
    return ok({
      access_token: 'of-ada',
      token_type: 'Bearer',
      expires_in: 300,
      id_token: provider.finish(token),
      ...refresh,
      ...provider.tokens,
    });
  }

  const answers: Record<Endpoint, (request: IncomingMessage) => Promise<{ status: number; body: unknown }>> = {
    discovery: async () =>
      ok({
        issuer,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
        userinfo_endpoint: `${origin}/userinfo`,
        ...provider.discovery,
      }),
    keys: async () => ok({ keys: [signing.publicJwk] }),
    token: giveTokens,
    userinfo: async () => ok({ sub: subject, ...provider.userinfo }),
    par: async (request) => {
      const uri = `urn:pushed:${randomUUID()}`;
      pushed.set(uri, await readForm(request));
      return { status: 201, body: { request_uri: uri, expires_in: 60 } };
    },
    user: async () => ok({ id: 42, login: 'ada', email: 'shown@example.com' }),
    emails: async () => ok([{ email: 'ada@example.com', primary: true, verified: true }]),
  };
  const issuer = `${origin}${path}`;
  const provider: TestProvider = {
    origin,
    issuer,
    discovery: {},
    idToken: (usual) => usual,
    finish: (token) => token,
    refreshTokens: undefined,
    tokens: {},
    userinfo: {},
    instead: {},
    asked: { discovery: 0, keys: 0, token: 0, userinfo: 0, par: 0, user: 0, emails: 0 },
    lastForm: new URLSearchParams(),
    lastAuthorization: undefined,
    authorize(url) {
      const asked = pushed.get(url.searchParams.get('request_uri') ?? '') ?? url.searchParams;
      const code = randomUUID();
      codes.set(code, asked);
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString();
      return back;
    },
    async rotate(alg = 'ES256') {
      signing = await makeKey(alg);
    },
    async sign(payload, header = {}) {
      const bytes = new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
      return await new CompactSign(bytes).setProtectedHeader({ alg: signing.alg, kid: signing.kid, ...header }).sign(signing.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}
