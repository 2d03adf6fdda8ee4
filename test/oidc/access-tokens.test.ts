import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import type { Account } from '../../src/domain/accounts/account.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { get, type ProtocolClient, post, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

describe('access tokens, ID tokens and userinfo', () => {
  let server: TestServer;
  let account: Account;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    account = await server.addAccount({ displayName: 'Alice Martin', username: 'alice' });
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const tokens = (scope?: string, owner = client) =>
    tokensOf(owner, { identifier: account.email }, scope === undefined ? {} : { parameters: { scope } });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('[security 37] an access token is an RFC 9068 JWT, signed by a key of the JWKS', async () => {
    const { access_token: access } = await tokens();
    const keys = (await get(`${server.issuer}/oauth/jwks`)).json as unknown as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(String(access), createLocalJWKSet(keys), { issuer: server.issuer, typ: 'at+jwt' });
    assert.deepEqual([protectedHeader.alg, protectedHeader.typ], ['ES256', 'at+jwt']);
    assert.ok(protectedHeader.kid);
    assert.equal(payload.aud, `${server.issuer}/api`);
    assert.equal(payload.sub, account.id);
    assert.equal(payload.client_id, client.issued.client.id);
    assert.equal(Number(payload.exp) - Number(payload.iat), 600);
    for (const claim of ['jti', 'scope', 'tenant_id', 'role', 'email', 'acr', 'amr', 'auth_time']) assert.ok(payload[claim], claim);
  });

  it('the e-mail and the profile are in the ID token too, by scope', async () => {
    const all = decodeJwt(String((await tokens()).id_token));
    assert.deepEqual([all.email, all.email_verified, all.name, all.preferred_username], [account.email, false, 'Alice Martin', 'alice']);
    assert.deepEqual([all.aud, all.sub, all.acr, all.amr], [client.issued.client.id, account.id, 'aal1', ['pwd']]);
    const bare = decodeJwt(String((await tokens('openid')).id_token));
    for (const claim of ['email', 'name', 'role', 'tenant_id']) assert.equal(bare[claim], undefined, claim);
  });

  it('without resource a token for openid and an API scope works at userinfo and names the default API', async () => {
    const { access_token: access, scope } = await tokens('openid read:interactions');
    const claims = decodeJwt(String(access));
    assert.deepEqual([claims.aud, claims.scope, scope], [`${server.issuer}/api`, 'read:interactions', 'read:interactions']);
    const info = await userinfo(server, access);
    assert.deepEqual(info.json, { sub: account.id });
  });

  it('userinfo tells what this token’s request asked for, not what was allowed some other time', async () => {
    await tokens('openid profile email');
    const { access_token: narrow } = await tokens('openid read:interactions');
    assert.deepEqual((await userinfo(server, narrow)).json, { sub: account.id });
    const { access_token: withEmail, refresh_token: refresh } = await tokens('openid email offline_access');
    assert.equal((await userinfo(server, withEmail)).json.email, account.email);
    assert.equal((await userinfo(server, withEmail)).json.name, undefined);
    const refreshed = await client.refresh(refresh);
    assert.equal((await userinfo(server, refreshed.json.access_token)).json.email, account.email);
    const less = await client.refresh(refreshed.json.refresh_token, { scope: 'openid' });
    assert.deepEqual((await userinfo(server, less.json.access_token)).json, { sub: account.id });
  });

  it('a token whose request did not ask for openid is refused at userinfo', async () => {
    const { access_token: access } = await tokens('read:interactions');
    const answer = await userinfo(server, access);
    assert.deepEqual([answer.status, answer.json.error], [403, 'insufficient_scope']);
    assert.match(answer.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
  });

  it('userinfo answers POST, too', async () => {
    const { access_token: access } = await tokens();
    const answer = await post(`${server.issuer}/oauth/userinfo`, {}, { authorization: `Bearer ${access}` });
    assert.equal(answer.json.email, account.email);
  });

  it('[security 37] an ID token, a refresh token and nothing at all are refused at userinfo', async () => {
    const { id_token: idToken, refresh_token: refresh } = await tokens();
    for (const token of [idToken, refresh, 'x', '']) {
      const answer = await userinfo(server, token);
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer realm=/);
    }
    assert.equal((await get(`${server.issuer}/oauth/userinfo`)).status, 401);
  });

  it('[security 38] forged tokens are refused at userinfo', async () => {
    const { access_token: access } = await tokens();
    const [head = '', body = '', signature = ''] = String(access).split('.');
    const claims = decodeJwt(String(access));
    const { kid } = decodeProtectedHeader(String(access));
    const { keys } = (await get(`${server.issuer}/oauth/jwks`)).json as unknown as JSONWebKeySet;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const signed = (header: Record<string, unknown>, change: object = {}) =>
      new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header }).sign(privateKey);
    const hmacInput = `${part({ alg: 'HS256', typ: 'at+jwt', kid })}.${body}`;
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    const forged = [
      `${part({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
      `${hmacInput}.${createHmac('sha256', JSON.stringify(keys.find((key) => key.kid === kid)))
        .update(hmacInput)
        .digest('base64url')}`,
      `${head}.${body}.${flipped}`,
      `${head}.${part({ ...claims, role: 'admin' })}.${signature}`,
      await signed({ kid }),
      await signed({ kid: 'unknown' }),
      await signed({ kid, jwk: await exportJWK(publicKey) }),
      await signed({ kid }, { iss: 'https://other.example' }),
    ];
    for (const token of forged) assert.equal((await userinfo(server, token)).status, 401, token);
    assert.equal((await userinfo(server, access)).status, 200);
  });

  it('[security 38] a token that our own key signed is refused when it is not the one we handed out', async () => {
    const { access_token: access } = await tokens();
    const [key] = await server.house.keys.load(ORIGIN);
    const { kid, alg } = decodeProtectedHeader(String(access));
    assert.deepEqual([key?.kid, key?.alg], [kid, alg]);
    const claims = decodeJwt(String(access));
    const sign = async (payload: JWTPayload) =>
      await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(kid) }).sign(await importJWK(key ?? {}));
    for (const payload of [claims, { ...claims, scope: 'admin:all' }, { ...claims, exp: Number(claims.exp) + 60 }]) {
      const forged = await sign(payload);
      assert.equal((await userinfo(server, forged)).status, 401);
      assert.deepEqual((await client.introspect(forged)).json, { active: false });
      await client.revoke(forged);
    }
    assert.equal((await client.introspect(access)).json.active, true, 'the one we handed out lives');
  });

  it('[security 40] codes, refresh tokens and token ids are all different, long, and begin and end anyhow', async () => {
    const browser = new CookieBrowser();
    const codes: string[] = [];
    for (let made = 0; made < 100; made++) codes.push((await client.authorize(browser, { identifier: account.email })).code);
    const refreshTokens: string[] = [];
    const ids: string[] = [];
    for (let answer = await tokens(); refreshTokens.length < 100; answer = (await client.refresh(answer.refresh_token)).json) {
      refreshTokens.push(String(answer.refresh_token));
      ids.push(String(decodeJwt(String(answer.access_token)).jti));
    }
    for (const values of [codes, refreshTokens, ids]) {
      assert.equal(new Set(values).size, 100);
      for (const value of values) assert.ok(value.length >= 43, 'at least 256 bits in base64url');
      for (const at of [0, -1]) assert.ok(new Set(values.map((value) => value.at(at))).size > 20);
    }
  });

  it('[security 41] an access token in the address is refused although it is good', async () => {
    const { access_token: access } = await tokens();
    const answer = await get(`${server.issuer}/oauth/userinfo?access_token=${access}`);
    assert.ok([400, 401].includes(answer.status));
    const both = await get(`${server.issuer}/oauth/userinfo?access_token=${access}`, { authorization: `Bearer ${access}` });
    assert.equal(both.status, 400);
  });

  it('[security 42] answers with tokens or about people are not stored by anybody', async () => {
    const browser = new CookieBrowser();
    const authorized = await client.authorize(browser, { identifier: account.email });
    const exchanged = await client.exchange(authorized);
    const answers = {
      exchanged,
      refreshed: await client.refresh(exchanged.json.refresh_token),
      refused: await client.exchange(authorized),
      introspected: await client.introspect(exchanged.json.access_token),
      userinfo: await userinfo(server, exchanged.json.access_token),
      unauthorised: await userinfo(server, 'x'),
    };
    for (const [name, { headers }] of Object.entries(answers)) assert.match(headers.get('cache-control') ?? '', /no-store/, name);
    const { headers } = await browser.request(authorized.request.url);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
  });

  it('[security 45] tokens are for the API that is known; another resource is invalid_target', async () => {
    const known = await tokensOf(client, { identifier: account.email }, { parameters: { resource: `${server.issuer}/api` } });
    assert.equal(decodeJwt(String(known.access_token)).aud, `${server.issuer}/api`);
    for (const resource of [
      'https://other.example/api',
      `${server.issuer}/api/`,
      `${server.issuer}/API`,
      'nonsense',
      `${server.issuer}/api#x`,
    ]) {
      const page = await client.request(new CookieBrowser(), { resource });
      assert.equal(new URL(page.url).searchParams.get('error'), 'invalid_target', resource);
      const authorized = await client.authorize(new CookieBrowser(), { identifier: account.email });
      assert.equal((await client.exchange(authorized, { resource })).json.error, 'invalid_target', resource);
      assert.equal((await client.refresh(known.refresh_token, { resource })).json.error, 'invalid_target', resource);
    }
    assert.equal((await client.refresh(known.refresh_token)).status, 200, 'asking for another API did not use the token up');
    const service = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
    const other = await service.token({ grant_type: 'client_credentials', resource: 'https://other.example' });
    assert.equal(other.json.error, 'invalid_target');
  });

  it('a web client that cannot do PKCE gets its tokens when it is registered so', async () => {
    const legacy = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK], require_pkce: false }));
    const query = new URLSearchParams({
      client_id: legacy.issued.client.id,
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: 'openid',
      state: 's',
    });
    const browser = new CookieBrowser();
    await client.authorize(browser, { identifier: account.email });
    let page = await browser.open(`${server.issuer}/oauth/authorize?${query}`);
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    const code = new URL(page.url).searchParams.get('code') ?? '';
    const answer = await legacy.token({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK });
    assert.equal(answer.status, 200);
  });
});
