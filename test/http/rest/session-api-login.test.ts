import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import packageJson from '../../../package.json' with { type: 'json' };
import { CookieBrowser } from '../../support/cookie-browser.ts';
import { protocolClient } from '../../support/protocol-client.ts';
import { rawRequest } from '../../support/raw-request.ts';
import { CALLBACK } from '../../support/relying-party.ts';
import { call, freshAddress, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { SQLITE } from '../../support/stores.ts';

const WRONG = 'not-the-password-at-all';

const admin = (server: TestServer) => server.addAccount({ username: 'admin', role: 'admin' });
const login = (server: TestServer, username: string, password = PASSWORD, from = freshAddress()) =>
  call(server, { path: '/api/login', body: { username, password }, from });

describe('the session API: signing in', () => {
  it('answers as documented: login, me, logout', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await admin(server);
    const answer = await login(server, 'admin');
    assert.equal(answer.status, 200);
    assert.match(String(answer.json.token), /^[0-9a-f]{64}$/);
    assert.deepEqual(answer.json, { token: answer.json.token, role: 'admin', username: 'admin' });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const token = String(answer.json.token);

    const me = await call(server, { path: '/api/me', token });
    assert.deepEqual([me.status, me.json], [200, { username: 'admin', role: 'admin' }]);
    assert.equal(me.headers.get('referrer-policy'), 'no-referrer');

    const out = await call(server, { method: 'POST', path: '/api/logout', token });
    assert.deepEqual([out.status, out.json], [200, { status: 'ok' }]);
    for (const path of ['/api/me', '/api/v1/users/me', `/api/me?token=${token}`]) {
      const again = await call(server, path.includes('?') ? { path } : { path, token });
      assert.equal(again.status, 401, path);
    }
    const repeated = await call(server, { method: 'POST', path: '/api/logout', token });
    assert.equal(repeated.status, 401);
  });

  it('takes the e-mail address as username, and shows it where there is no other', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { email } = await server.addAccount();
    const { json } = await login(server, email);
    assert.deepEqual([json.role, json.username], ['viewer', email]);
  });

  it('[security 53] [security 54] says the same of a wrong password, an unknown person, a disabled one and one without a password', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await admin(server);
    const off = await server.addAccount({ username: 'off' });
    await server.house.accounts.setDisabled(off, true, ORIGIN);
    await server.house.accounts.create({ tenantId: server.tenant.id, email: 'invited@example.com', role: 'viewer' }, ORIGIN);
    const tries = [
      await login(server, 'admin', WRONG),
      await login(server, 'nobody'),
      await login(server, 'off'),
      await login(server, 'invited@example.com'),
    ];
    const seen = tries.map(({ status, json, headers }) => {
      const names = [...headers.keys()].sort().join(' ');
      return JSON.stringify({ status, json, names });
    });
    assert.deepEqual(tries[0]?.json, { error: 'Invalid credentials' });
    assert.equal(tries[0]?.status, 401);
    assert.deepEqual(new Set(seen).size, 1);
    const empty = await login(server, 'invited@example.com', '');
    assert.equal(empty.status, 400);
  });

  it('[security 57] [security 58] [security 59] refuses what is no text, and looks at no password that is too long', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await admin(server);
    const bodies = [
      { username: { $ne: null }, password: PASSWORD },
      { username: 'admin', password: { $gt: '' } },
      { username: ['admin'], password: PASSWORD },
      { username: 'admin', password: 1 },
      { username: 'admin\0', password: PASSWORD },
      { username: 'admin', password: 'x'.repeat(1025) },
      { username: 'admin', password: PASSWORD, role: 'admin' },
      null,
      [],
    ];
    for (const body of bodies) {
      const { status, json } = await call(server, { path: '/api/login', body });
      assert.equal(status, 400, JSON.stringify(body));
      assert.equal(typeof json.error, 'string');
    }
    const huge = await call(server, { path: '/api/login', body: { username: 'admin', password: 'x'.repeat(70_000) } });
    assert.equal(huge.status, 413);
  });

  it('counts down after five attempts, as long as Retry-After says, right passwords too', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await admin(server);
    const from = '203.0.113.5';
    for (let attempts = 0; attempts < 5; attempts++) assert.equal((await login(server, 'admin', PASSWORD, from)).status, 200);
    const paused = await login(server, 'admin', PASSWORD, from);
    assert.equal(paused.status, 429);
    const seconds = Number(paused.headers.get('retry-after'));
    assert.deepEqual(paused.json, { error: `Too many login attempts. Try again in ${seconds} seconds.` });
    assert.ok(seconds > 290 && seconds <= 300, String(seconds));

    server.clock.advance(13);
    const later = await login(server, 'admin', PASSWORD, from);
    const left = Number(later.headers.get('retry-after'));
    assert.equal(later.json.error, `Too many login attempts. Try again in ${left} seconds.`);
    assert.ok(left <= seconds - 13 && left > seconds - 25, `${seconds}, then ${left}`);

    server.clock.advance(left);
    assert.equal((await login(server, 'admin', PASSWORD, from)).status, 200);
  });

  it('shares its limit with the tenant API and the pages', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { email } = await admin(server);
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const byPage = async (from: string) => {
      const browser = new CookieBrowser({ 'x-forwarded-for': from });
      return await browser.submit(await client.request(browser, { scope: 'openid' }), '/password', {
        identifier: email,
        password: PASSWORD,
      });
    };
    const byTenantApi = (from: string) => call(server, { path: '/api/v1/auth/login', body: { email, password: PASSWORD }, from });

    for (let attempts = 0; attempts < 5; attempts++) assert.equal((await login(server, 'admin', WRONG, '203.0.113.6')).status, 401);
    assert.equal((await byTenantApi('203.0.113.6')).status, 429);
    assert.equal((await byPage('203.0.113.6')).status, 429);

    for (let attempts = 0; attempts < 5; attempts++) assert.equal((await byTenantApi('203.0.113.7')).status, 200);
    assert.equal((await login(server, 'admin', PASSWORD, '203.0.113.7')).status, 429);
  });

  it('[security 63] counts the failures of one person, however the name is spelt and wherever they come from', async () => {
    await using server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: JSON.stringify({ limit: 3, window: 900, block: 900 }),
    });
    await admin(server);
    for (const spelling of ['ADMIN', ' admin', 'ａｄｍｉｎ']) assert.equal((await login(server, spelling, WRONG)).status, 401);
    const paused = await login(server, 'ad\u200bmin');
    assert.equal(paused.status, 429);
    assert.equal(paused.json.error, `Too many login attempts. Try again in ${paused.headers.get('retry-after')} seconds.`);
    server.clock.advance(901);
    assert.equal((await login(server, 'Admin')).status, 200);
  });

  it('[security 66] lets exactly five of fifty attempts at once be looked at', async () => {
    await using server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: JSON.stringify({ limit: 100, window: 900, block: 900 }),
    });
    await admin(server);
    const answers = await Promise.all(Array.from({ length: 50 }, () => login(server, 'admin', WRONG, '203.0.113.8')));
    const statuses = answers.map(({ status }) => status);
    assert.deepEqual(
      [401, 429].map((status) => statuses.filter((each) => each === status).length),
      [5, 45],
    );
  });
});

describe('the session API: sessions', () => {
  it('lets a token live for 24 hours, and sweeps it away after', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, ...(await SQLITE.fresh()) });
    await admin(server);
    const token = String((await login(server, 'admin')).json.token);
    server.clock.advance(24 * 3600 - 10);
    assert.equal((await call(server, { path: '/api/me', token })).status, 200);
    server.clock.advance(11);
    const expired = await call(server, { path: '/api/me', token });
    assert.deepEqual([expired.status, expired.json], [401, { error: 'Invalid or expired token' }]);
    const { storage } = server.house.config;
    assert.ok(storage.kind === 'sqlite');
    using database = new DatabaseSync(storage.sqlite.path, { readOnly: true });
    const kept = () => database.prepare("SELECT count(*) AS n FROM artifacts WHERE kind = 'SessionToken'").get()?.n;
    assert.equal(kept(), 1);
    await server.house.storage.sweep(server.clock.now());
    assert.equal(kept(), 0);
  });

  it('takes its tokens at the other APIs, and theirs here', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    const { email } = await admin(server);
    const session = String((await login(server, 'admin')).json.token);
    assert.equal((await call(server, { path: '/api/v1/users/me', token: session })).json.email, email);
    const jwt = String((await call(server, { path: '/api/v1/auth/login', body: { email, password: PASSWORD } })).json.token);
    assert.deepEqual((await call(server, { path: '/api/me', token: jwt })).json, { username: 'admin', role: 'admin' });
    assert.deepEqual((await call(server, { method: 'POST', path: '/api/logout', token: jwt })).json, { status: 'ok' });
    assert.equal((await call(server, { path: '/api/v1/users/me', token: jwt })).status, 401);
    assert.equal((await call(server, { path: '/api/me', token: session })).status, 200);
  });

  it('ends a session with its account, wherever it is shown', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const person = await server.addAccount({ username: 'bob' });
    const token = String((await login(server, 'bob')).json.token);
    await server.house.accounts.setDisabled(person, true, ORIGIN);
    assert.equal((await call(server, { path: '/api/me', token })).status, 401);
  });

  it('says that it is up, under any name and without a limit', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__API_ADDRESS: JSON.stringify({ limit: 2, window: 60 }) });
    for (let calls = 0; calls < 5; calls++) {
      const { status, json } = await call(server, { path: '/api/status/public', from: '203.0.113.9' });
      assert.equal(status, 200);
      assert.deepEqual(json, { status: 'ok', version: packageJson.version, uptime_s: json.uptime_s });
      assert.ok(Number.isInteger(json.uptime_s));
    }
    assert.equal((await call(server, { method: 'HEAD', path: '/api/status/public' })).status, 200, 'as some health checks ask');
    const { status } = await rawRequest(`${server.issuer}/api/status/public`, { headers: { host: '10.0.0.1' } });
    assert.equal(status, 200);
  });

  it('answers in its own words below /api', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const missing = await call(server, { path: '/api/auth/oidc' });
    assert.deepEqual([missing.status, missing.json], [404, { error: 'There is no /api/auth/oidc here.' }]);
    const wrong = await call(server, { path: '/api/login' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST']);
    const none = await call(server, { path: '/api/me' });
    assert.deepEqual([none.status, none.json], [401, { error: 'Not authenticated' }]);
    const forged = await call(server, { path: '/api/me', token: '0'.repeat(64) });
    assert.equal(forged.status, 401);
  });
});
