import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { newTotpSecret } from '../../../src/domain/mfa/totp.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { codeAt, toNextStep } from '../../support/authenticator.ts';
import { protocolClient, tokensOf } from '../../support/protocol-client.ts';
import { CALLBACK } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const SHORT = '/api/v1/auth/token';
const PRIVATE = '/api/v1/auth/private-tokens';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('private tokens', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
  });
  after(() => server[Symbol.asyncDispose]());

  const inSeconds = (seconds: number) => new Date(server.clock.now().getTime() + seconds * 1000).toISOString();
  const signIn = (email: string, more: object = {}) => call(server, { path: SHORT, body: { email, password: PASSWORD, ...more } });
  const shortToken = async (email: string) => String((await signIn(email)).json.token);
  const create = (token: string, body: object = { name: 'Nightly export', expires_at: inSeconds(3600) }) =>
    call(server, { path: PRIVATE, token, body });
  const list = (token: string) => call(server, { path: PRIVATE, token });
  const listed = async (token: string) => JSON.parse((await list(token)).text) as JsonObject[];

  async function person() {
    const account = await server.addAccount();
    return { account, short: await shortToken(account.email) };
  }

  function assertError({ status, json }: RestAnswer, expected: number, code: string): void {
    assert.deepEqual([status, json.code], [expected, code], JSON.stringify(json));
    assert.deepEqual(Object.keys(json).toSorted(), ['code', 'detail']);
    assert.match(String(json.detail), /^\S.*\.$/);
  }

  it('gives a token for the password that always lasts one hour', async () => {
    const { account } = await person();
    const { status, json, headers } = await signIn(account.email);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['token', 'expires_at']);
    const { iat = 0, exp = 0, sub, tenant_id } = decodeJwt(String(json.token));
    assert.deepEqual([exp - iat, sub, tenant_id], [3600, account.id, server.tenant.id]);
    assert.equal(new Date(String(json.expires_at)).getTime(), exp * 1000);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-ratelimit-limit'), '5');
    assert.equal(headers.get('x-ratelimit-remaining'), '4');
    assert.match(headers.get('x-ratelimit-reset') ?? '', /^\d{10}$/);
  });

  it('makes, lists, rotates and revokes a private token', async () => {
    const { short } = await person();
    const wish = { name: 'Nightly export', expires_at: inSeconds(86_400) };
    const made = await create(short, wish);
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.json), ['id', 'name', 'token', 'expires_at']);
    const { id, token } = made.json;
    assert.match(String(id), UUID);
    assert.equal(Math.floor(Date.parse(String(made.json.expires_at)) / 1000), Math.floor(Date.parse(wish.expires_at) / 1000));

    const [entry, ...others] = await listed(short);
    assert.deepEqual(others, []);
    assert.deepEqual(Object.keys(entry ?? {}), ['id', 'name', 'created_at', 'expires_at', 'last_used_at']);
    assert.deepEqual([entry?.id, entry?.name, entry?.expires_at, entry?.last_used_at], [id, wish.name, made.json.expires_at, null]);
    assert.equal((await list(short)).text.includes(String(token)), false);

    assert.equal((await call(server, { path: '/api/v1/users/me', token: String(token) })).status, 200);
    const used = (await listed(short))[0]?.last_used_at;
    assert.ok(Math.abs(Date.parse(String(used)) - server.clock.now().getTime()) < 60_000);

    const rotated = await call(server, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: short });
    assert.equal(rotated.status, 200);
    assert.deepEqual({ ...rotated.json, token: '' }, { ...made.json, token: '' });
    assert.notEqual(rotated.json.token, token);
    assert.equal((await call(server, { path: '/api/v1/users/me', token: String(token) })).status, 401);
    assert.equal((await call(server, { path: '/api/v1/users/me', token: String(rotated.json.token) })).status, 200);
    assert.equal((await listed(short)).length, 1);

    const revoked = await call(server, { method: 'DELETE', path: `${PRIVATE}/${id}`, token: short });
    assert.deepEqual([revoked.status, revoked.text], [204, '']);
    assert.equal((await call(server, { path: '/api/v1/users/me', token: String(rotated.json.token) })).status, 401);
    assert.deepEqual(await listed(short), []);
    assertError(await call(server, { method: 'DELETE', path: `${PRIVATE}/${id}`, token: short }), 404, 'not_found');
    assertError(await call(server, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: short }), 404, 'not_found');
  });

  it('asks for a name and an expiry: there is no default, and a longest time', async () => {
    const { short } = await person();
    const name = 'x';
    const bad = [
      {},
      { name },
      { name, expires_at: null },
      { name, expires_at: 'tomorrow' },
      { name, expires_at: '2030-01-01' },
      { name, expires_at: 1_900_000_000 },
      { name, expires_at: inSeconds(-1) },
      { name, expires_at: inSeconds(server.house.config.lifetimes.private_token_max + 60) },
      { expires_at: inSeconds(60) },
      { name: ' ', expires_at: inSeconds(60) },
      { name: 'a\nb', expires_at: inSeconds(60) },
      { name: 'x'.repeat(121), expires_at: inSeconds(60) },
      { name: { $ne: null }, expires_at: inSeconds(60) },
      { name, expires_at: inSeconds(60), scopes: ['admin:all'] },
    ];
    for (const body of bad) assertError(await create(short, body), 400, 'invalid');
    assert.deepEqual(await listed(short), []);
    assert.equal((await create(short, { name, expires_at: inSeconds(7200).replace(/\.\d+Z$/, '+01:00') })).status, 201);
  });

  it('has code and detail in every error', async () => {
    const { account, short } = await person();
    assertError(await call(server, { path: PRIVATE }), 401, 'not_authenticated');
    for (const token of ['nonsense', `${short}x`, short.slice(0, -1), `${'0'.repeat(64)}`])
      assertError(await list(token), 401, 'token_not_valid');
    assertError(await call(server, { path: PRIVATE, headers: { authorization: 'Basic YTpi' } }), 401, 'token_not_valid');
    for (const email of ['nobody@example.com', account.email])
      assertError(await signIn(email, { password: 'wrong' }), 401, 'no_active_account');
    assertError(await call(server, { path: SHORT, body: { email: account.email } }), 400, 'invalid');
    assertError(await call(server, { path: SHORT, body: [] }), 400, 'invalid');
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'email=a' };
    assertError(await call(server, { path: SHORT, ...form }), 415, 'unsupported_media_type');
    assertError(await call(server, { path: SHORT, body: { email: 'x'.repeat(70_000) } }), 413, 'too_large');
    const wrongMethod = await call(server, { method: 'PATCH', path: PRIVATE, token: short });
    assertError(wrongMethod, 405, 'method_not_allowed');
    assert.equal(wrongMethod.headers.get('allow'), 'POST, GET');
  });

  it('says that a token has expired only of one that was ours', async () => {
    await using aged = await startServer(MANY_ADDRESSES);
    const { email } = await aged.addAccount();
    const token = String((await call(aged, { path: SHORT, body: { email, password: PASSWORD } })).json.token);
    aged.clock.advance(3600);
    const expired = await call(aged, { path: PRIVATE, token });
    assertError(expired, 401, 'token_not_valid');
    assert.match(String(expired.json.detail), /expired/);
    const tampered = await call(aged, { path: PRIVATE, token: `${token.slice(0, -2)}AA` });
    assert.doesNotMatch(String(tampered.json.detail), /expired/);
  });

  it('tells how long to wait after too many sign-ins from one address', async () => {
    const { account } = await person();
    const from = '203.0.113.77';
    const attempt = () => call(server, { path: SHORT, body: { email: account.email, password: PASSWORD }, from });
    for (let i = 0; i < 5; i++) assert.equal((await attempt()).status, 200);
    const limited = await attempt();
    assertError(limited, 429, 'throttled');
    assert.match(String(limited.json.detail), new RegExp(` ${limited.headers.get('retry-after')} seconds`));
    assert.equal(limited.headers.get('x-ratelimit-remaining'), '0');
  });

  it('asks for the code where somebody has two-step sign-in, and what is made then says so', async () => {
    const { account } = await person();
    const secret = newTotpSecret();
    await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
    assertError(await signIn(account.email), 401, 'code_required');
    toNextStep(server);
    const code = await codeAt(server, secret);
    assertError(await signIn(account.email, { code: '000000' }), 401, 'code_not_valid');
    const short = String((await signIn(account.email, { code })).json.token);
    assertError(await signIn(account.email, { code }), 401, 'code_not_valid');
    await create(short);
    const [made] = await server.house.houseTokens.list(account.id, 'PrivateToken');
    assert.equal(made?.secondFactor, true);
  });

  it('belongs to its owner alone', async () => {
    const [alice, bob] = [await person(), await person()];
    const { id } = (await create(alice.short)).json;
    assert.deepEqual(await listed(bob.short), []);
    assertError(await call(server, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: bob.short }), 404, 'not_found');
    assertError(await call(server, { method: 'DELETE', path: `${PRIVATE}/${id}`, token: bob.short }), 404, 'not_found');
    assert.equal((await listed(alice.short)).length, 1);
  });

  it('is not made, seen, rotated or revoked with a private token, or with the token of an application', async () => {
    const { account, short } = await person();
    const { id, token } = (await create(short)).json;
    const web = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const service = await protocolClient(server, await server.addClient('service', { scope: 'admin:all' }));
    const bearers = [
      token,
      (await tokensOf(web, { identifier: account.email })).access_token,
      (await service.token({ grant_type: 'client_credentials' })).json.access_token,
    ];
    for (const bearer of bearers.map(String)) {
      assertError(await create(bearer), 403, 'permission_denied');
      assertError(await list(bearer), 403, 'permission_denied');
      assertError(await call(server, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: bearer }), 403, 'permission_denied');
      assertError(await call(server, { method: 'DELETE', path: `${PRIVATE}/${id}`, token: bearer }), 403, 'permission_denied');
    }
    assert.equal((await listed(short)).length, 1);
  });

  it('may do what its creator may at this moment', async () => {
    const account = await server.addAccount({ role: 'admin' });
    const token = String((await create(await shortToken(account.email))).json.token);
    assert.equal((await call(server, { path: '/api/v1/audit-log', token })).status, 200);
    await server.house.accounts.setRole(account, 'viewer', ORIGIN);
    assert.equal((await call(server, { path: '/api/v1/audit-log', token })).status, 403);
    assert.equal((await call(server, { path: '/api/v1/users/me', token })).status, 200);
  });
});
