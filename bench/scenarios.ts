import type { Answer, Caller, LoadRequest } from './load.ts';

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** Where a server's endpoints are, and what was prepared on it. */
export interface Fixture {
  readonly origin: string;
  readonly paths: Readonly<Record<'token' | 'introspection' | 'userinfo' | 'jwks' | 'discovery', string>>;
  /** May use client_credentials. */
  readonly service: Credentials;
  /** Was given the tokens below. */
  readonly app: Credentials;
  /** Each begins a chain. */
  readonly refreshTokens: readonly string[];
  /** Live tokens with the scope openid. */
  readonly accessTokens: readonly string[];
}

export interface Scenario {
  readonly name: string;
  /** What Gatehouse has committed when the answer leaves. */
  readonly stored: string;
  /** One caller for each connection. */
  callers(fixture: Fixture, connections: number): readonly Caller[];
}

const FORM = 'application/x-www-form-urlencoded';

/** RFC 6749 2.3.1. */
const basic = ({ id, secret }: Credentials) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

const post = (path: string, client: Credentials, fields: Readonly<Record<string, string>>): LoadRequest => ({
  method: 'POST',
  path,
  headers: { authorization: basic(client), 'content-type': FORM },
  body: new URLSearchParams(fields).toString(),
});

/** @throws when the answer is not the JSON that was expected */
function expectJson(answer: Answer, isExpected: (body: Readonly<Record<string, unknown>>) => boolean): Readonly<Record<string, unknown>> {
  const body: unknown = answer.status === 200 ? JSON.parse(answer.text) : undefined;
  if (typeof body !== 'object' || body === null || !isExpected(body as Record<string, unknown>))
    throw new Error(`wrong answer: ${answer.status} ${answer.text.slice(0, 300)}`);
  return body as Record<string, unknown>;
}

const isJwt = (token: unknown) => typeof token === 'string' && token.split('.').length === 3;

/** Sends the same requests in turn on every connection. */
function inTurn(requests: readonly LoadRequest[], isExpected: (body: Readonly<Record<string, unknown>>) => boolean, connections: number) {
  let sent = 0;
  const next = () => requests[sent++ % requests.length] as LoadRequest;
  return Array.from({ length: connections }, () => ({ next, accept: (answer: Answer) => void expectJson(answer, isExpected) }));
}

export const CLIENT_CREDENTIALS: Scenario = {
  name: 'client_credentials',
  stored: '1 token record + 1 audit entry',
  callers: ({ paths, service }, connections) =>
    inTurn([post(paths.token, service, { grant_type: 'client_credentials' })], (body) => isJwt(body.access_token), connections),
};

const REFRESH: Scenario = {
  name: 'refresh',
  stored: '1 refresh token used up, then 1 refresh token + 1 access token record + 1 audit entry',
  callers: ({ paths, app, refreshTokens }, connections) =>
    refreshTokens.slice(0, connections).map((first) => chain(paths.token, app, first)),
};

/** Rotation: each answer brings the token of the next request. */
function chain(path: string, app: Credentials, first: string): Caller {
  let token = first;
  return {
    next: () => post(path, app, { grant_type: 'refresh_token', refresh_token: token }),
    accept(answer) {
      const body = expectJson(answer, (fields) => isJwt(fields.access_token) && typeof fields.refresh_token === 'string');
      if (body.refresh_token === token) throw new Error('the refresh token was not rotated');
      token = String(body.refresh_token);
    },
  };
}

const INTROSPECTION: Scenario = {
  name: 'introspection',
  stored: 'nothing; reads the token record',
  callers: ({ paths, app, accessTokens }, connections) =>
    inTurn(
      accessTokens.map((token) => post(paths.introspection, app, { token })),
      (body) => body.active === true,
      connections,
    ),
};

const USERINFO: Scenario = {
  name: 'userinfo',
  stored: 'nothing; reads token record, client, grant and account',
  callers: ({ paths, accessTokens }, connections) =>
    inTurn(
      accessTokens.map((token) => ({ method: 'GET', path: paths.userinfo, headers: { authorization: `Bearer ${token}` } })),
      (body) => typeof body.sub === 'string',
      connections,
    ),
};

const get = (path: string): LoadRequest => ({ method: 'GET', path, headers: {} });

const JWKS: Scenario = {
  name: 'JWKS',
  stored: 'nothing',
  callers: ({ paths }, connections) => inTurn([get(paths.jwks)], ({ keys }) => Array.isArray(keys) && keys.length > 0, connections),
};

const DISCOVERY: Scenario = {
  name: 'discovery',
  stored: 'nothing',
  callers: ({ paths }, connections) => inTurn([get(paths.discovery)], ({ issuer }) => typeof issuer === 'string', connections),
};

export const SCENARIOS: readonly Scenario[] = [CLIENT_CREDENTIALS, REFRESH, INTROSPECTION, USERINFO, JWKS, DISCOVERY];
