import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { generateSecret } from 'otplib';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { codeAt, toNextStep } from '../../support/authenticator.ts';
import { call, freshAddress, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const LOGIN = '/api/v1/auth/login';
const NO_FACTOR = { GATEHOUSE_MFA__REQUIRED_ROLES: '[]' };

describe('logging in to the tenant API', () => {
  let server: TestServer;
  let alice: Account;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, ...NO_FACTOR });
    alice = await server.addAccount({ email: 'alice@acme.fr', displayName: 'Alice Martin', role: 'admin' });
  });
  after(() => server[Symbol.asyncDispose]());

  const login = (body: unknown, from?: string) => call(server, { path: LOGIN, body, ...(from && { from }) });

  it('answers as documented: a token, and the five members of the user', async () => {
    const { status, json, headers } = await login({ email: 'alice@acme.fr', password: PASSWORD });
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.deepEqual(Object.keys(json), ['token', 'user']);
    assert.deepEqual(json.user, {
      id: alice.id,
      email: 'alice@acme.fr',
      display_name: 'Alice Martin',
      role: 'admin',
      tenant_id: server.tenant.id,
    });
  });

  it('gives a JWT of exactly the six documented claims, for 24 hours, that our published keys verify', async () => {
    const { json } = await login({ email: 'alice@acme.fr', password: PASSWORD });
    const token = String(json.token);
    const { alg, typ } = decodeProtectedHeader(token);
    assert.deepEqual({ alg, typ }, { alg: 'ES256', typ: 'JWT' });
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${server.issuer}/oauth/jwks`)));
    assert.deepEqual(Object.keys(payload).sort(), ['email', 'exp', 'iat', 'role', 'sub', 'tenant_id']);
    const { iat = 0 } = payload;
    assert.deepEqual(payload, {
      sub: alice.id,
      email: 'alice@acme.fr',
      tenant_id: server.tenant.id,
      role: 'admin',
      iat,
      exp: iat + 86_400,
    });
  });

  it('calls somebody without a name by the username, else by the e-mail address', async () => {
    await server.addAccount({ email: 'nameless@acme.fr' });
    await server.addAccount({ email: 'named@acme.fr', username: 'named' });
    const nameFor = async (email: string) => {
      const { json } = await login({ email, password: PASSWORD });
      return (json.user as { display_name?: string }).display_name;
    };
    assert.equal(await nameFor('nameless@acme.fr'), 'nameless@acme.fr');
    assert.equal(await nameFor('named@acme.fr'), 'named');
  });

  it('shows an operator as operator, and the token says so', async () => {
    await server.addAccount({ email: 'olga@acme.fr', role: 'operator' });
    const { json } = await login({ email: 'olga@acme.fr', password: PASSWORD });
    assert.equal((json.user as { role?: string }).role, 'operator');
    assert.equal(decodeJwt(String(json.token)).role, 'operator');
  });

  it('[security 53] says Invalid credentials to a stranger, to a wrong password and for somebody disabled, alike to the last header', async () => {
    const disabled = await server.addAccount({ email: 'gone@acme.fr' });
    await server.house.accounts.setDisabled(disabled, true, ORIGIN);
    const answers = [
      await login({ email: 'nobody@acme.fr', password: PASSWORD }),
      await login({ email: 'alice@acme.fr', password: 'your-password' }),
      await login({ email: 'gone@acme.fr', password: PASSWORD }),
      await login({ email: 'not an address', password: PASSWORD }),
    ];
    const told = answers.map(({ status, text, headers }) => ({
      status,
      text,
      headers: [...headers].filter(([name]) => !['date', 'x-request-id', 'x-ratelimit-reset'].includes(name)),
    }));
    for (const answer of told) assert.deepEqual(answer, told[0]);
    assert.equal(told[0]?.status, 401);
    assert.equal(told[0]?.text, '{"error":"Invalid credentials"}');
  });

  it('counts five a minute from one address, shows them, then answers 429 as documented', async () => {
    const from = freshAddress();
    for (const left of ['4', '3', '2', '1', '0']) {
      const { status, headers } = await login({ email: 'alice@acme.fr', password: PASSWORD }, from);
      assert.equal(status, 200);
      assert.equal(headers.get('x-ratelimit-limit'), '5');
      assert.equal(headers.get('x-ratelimit-remaining'), left);
      const reset = Number(headers.get('x-ratelimit-reset')) - server.clock.now().getTime() / 1000;
      assert.ok(reset > 0 && reset <= 61, `reset in ${reset} s`);
    }
    const { status, text, headers } = await login({ email: 'alice@acme.fr', password: PASSWORD }, from);
    assert.equal(status, 429);
    assert.equal(text, '{"error":"Too many login attempts. Please try again in a few minutes."}');
    const wait = Number(headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 300, `waits ${wait} s`);
    assert.equal(headers.get('x-ratelimit-remaining'), '0');
    assert.equal((await login({ email: 'alice@acme.fr', password: PASSWORD })).status, 200, 'another address is not meant');
    server.clock.advance(wait);
    assert.equal((await login({ email: 'alice@acme.fr', password: PASSWORD }, from)).status, 200);
  });

  it('[security 64] [security 65] counts one /64, however it is spelt, once, and believes no header of a stranger', async () => {
    const spellings = ['2001:db8:7::1', '2001:DB8:7:0:0:0:0:2', '2001:0db8:0007:0000::3', '2001:db8:7::ffff:1', '2001:db8:7:0:1:2:3:4'];
    for (const from of spellings) assert.equal((await login({ email: 'nobody@acme.fr', password: 'x' }, from)).status, 401, from);
    assert.equal((await login({ email: 'nobody@acme.fr', password: 'x' }, '2001:db8:7::6')).status, 429);

    await using stranger = await startServer();
    const statuses: number[] = [];
    for (let tries = 0; tries < 6; tries++) {
      const headers = { 'x-forwarded-for': `203.0.113.${tries}`, forwarded: `for=203.0.113.${tries}`, 'x-real-ip': `203.0.113.${tries}` };
      statuses.push((await call(stranger, { path: LOGIN, body: { email: 'nobody@acme.fr', password: 'x' }, headers })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
  });

  it('asks for the code where there is an authenticator app, and takes it in `code`, once', async () => {
    const account = await server.addAccount({ email: 'totp@acme.fr' });
    const secret = generateSecret();
    await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
    toNextStep(server);
    const body = { email: 'totp@acme.fr', password: PASSWORD };
    const code = await codeAt(server, secret);
    const without = await login(body);
    assert.equal(without.status, 401);
    assert.match(String(without.json.error), /code of your authenticator app/);
    assert.equal((await login({ ...body, password: 'wrong', code })).json.error, 'Invalid credentials');
    const wrong = await login({ ...body, code: code.startsWith('0') ? '100000' : '000000' });
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'Invalid code']);
    assert.equal((await login({ ...body, code })).status, 200);
    assert.equal((await login({ ...body, code })).json.error, 'Invalid code', 'each code is good once');
  });
});

describe('a token of the tenant API', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, ...NO_FACTOR });
  });
  after(() => server[Symbol.asyncDispose]());

  const me = (token?: string) => call(server, { path: '/api/v1/users/me', token });
  async function tokenOf(account: Account): Promise<string> {
    const { json } = await call(server, { path: LOGIN, body: { email: account.email, password: PASSWORD } });
    return String(json.token);
  }

  it('is Invalid without being there, cut, or signed by somebody else', async () => {
    const token = await tokenOf(await server.addAccount());
    const [header, payload, signature = ''] = token.split('.');
    const flipped = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const bad of [undefined, flipped, `${header}.${payload}.`, `${header}.${payload}`, 'access_token_value', '0'.repeat(64)]) {
      const { status, text } = await me(bad);
      assert.deepEqual([status, text], [401, '{"error":"Invalid token"}'], bad);
    }
    const basic = await call(server, { path: '/api/v1/users/me', headers: { authorization: 'Basic YTpi' } });
    assert.deepEqual([basic.status, basic.json.error], [401, 'Invalid token']);
    assert.equal((await me(token)).status, 200);
  });

  it('is Token expired after 24 hours', async () => {
    const account = await server.addAccount();
    const token = await tokenOf(account);
    server.clock.advance(86_400 - 60);
    assert.equal((await me(token)).status, 200);
    server.clock.advance(61);
    const { status, text } = await me(token);
    assert.deepEqual([status, text], [401, '{"error":"Token expired"}']);
    assert.equal((await me(await tokenOf(account))).status, 200, 'logging in again gives a new one');
  });

  it('dies with a new password and with its account', async () => {
    const account = await server.addAccount();
    const first = await tokenOf(account);
    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    await server.house.accounts.usePasswordLink(link, 'purple-elephants-read-maps-4', ORIGIN);
    assert.equal((await me(first)).json.error, 'Invalid token');

    const other = await server.addAccount();
    const token = await tokenOf(other);
    await server.house.accounts.setDisabled(other, true, ORIGIN);
    assert.equal((await me(token)).json.error, 'Invalid token');
  });

  it('says on every answer how much of the nearest limit is left, and on the 429 when to come back', async () => {
    await using small = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__API_ADDRESS: '{"limit":3,"window":60}' });
    const from = freshAddress();
    const seen: (string | null)[] = [];
    for (const path of ['/api/v1/users/me', '/api/v1/nothing-here', '/api/v1/auth/login']) {
      const { headers } = await call(small, { path, from });
      seen.push(headers.get('x-ratelimit-remaining'));
      assert.equal(headers.get('x-ratelimit-limit'), '3');
    }
    assert.deepEqual(seen, ['2', '1', '0']);
    const { status, json, headers } = await call(small, { path: '/api/v1/users/me', from });
    assert.equal(status, 429);
    const wait = headers.get('retry-after');
    assert.equal(json.error, `Rate limit exceeded. Please retry after ${wait} seconds.`);
    assert.equal(headers.get('x-ratelimit-remaining'), '0');
    assert.match(headers.get('x-ratelimit-reset') ?? '', /^\d{10}$/);
    assert.equal((await call(small, { path: '/healthz', from })).status, 200);
  });

  it('counts the calls of all people of a tenant together', async () => {
    await using small = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__API_TENANT: '{"limit":2,"window":60}' });
    const people = [await small.addAccount(), await small.addAccount(), await small.addAccount()];
    const statuses: number[] = [];
    for (const { email } of people) {
      const { json } = await call(small, { path: LOGIN, body: { email, password: PASSWORD } });
      const answer = await call(small, { path: '/api/v1/users/me', token: String(json.token) });
      statuses.push(answer.status);
      assert.equal(answer.headers.get('x-ratelimit-limit'), '2');
    }
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});

describe('where a tenant allows calls from', () => {
  it('is asked at the login and at each call, with a clear text', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, ...NO_FACTOR });
    const { email } = await server.addAccount();
    const body = { email, password: PASSWORD };
    const token = String((await call(server, { path: LOGIN, body })).json.token);
    await server.house.tenants.update(server.tenant, { allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] }, ORIGIN);

    const text = '{"error":"Requests from this IP address are not allowed."}';
    const refused = await call(server, { path: LOGIN, body, from: '203.0.113.9' });
    assert.deepEqual([refused.status, refused.text], [403, text]);
    const elsewhere = await call(server, { path: '/api/v1/users/me', token, from: '203.0.113.9' });
    assert.deepEqual([elsewhere.status, elsewhere.text], [403, text]);
    const wrong = await call(server, { path: LOGIN, body: { email, password: 'wrong' }, from: '203.0.113.9' });
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'Invalid credentials'], 'only whoever has the password is told');
    for (const from of ['192.0.2.9', '2001:db8:9::1']) {
      assert.equal((await call(server, { path: LOGIN, body, from })).status, 200, from);
      assert.equal((await call(server, { path: '/api/v1/users/me', token, from })).status, 200, from);
    }
  });
});
