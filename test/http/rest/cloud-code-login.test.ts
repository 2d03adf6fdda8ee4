import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { IssuedClient } from '../../../src/domain/clients/client-service.ts';
import { codeAt } from '../../support/authenticator.ts';
import { openCanary } from '../../support/canary.ts';
import { assertDead, assertError, giveAuthenticator, pairIn, refreshPair } from '../../support/cloud-client.ts';
import { CookieBrowser } from '../../support/cookie-browser.ts';
import { type Answer, basic, post } from '../../support/protocol-client.ts';
import { CALLBACK, signIn } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { slowDown } from '../../support/slow-storage.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const OTHER_CALLBACK = `${CALLBACK}2`;
const AT_ONCE = 20;
const PKCE = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };

describe('the cloud API: code login', () => {
  let server: TestServer;
  let alice: Account;
  let app: IssuedClient;
  before(async () => {
    server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      GATEHOUSE_LIMITS__LOGIN_ADDRESS: '{"limit":1000,"window":60,"block":60}',
    });
    alice = await server.addAccount();
    app = await server.addClient('web', { redirect_uris: [CALLBACK, OTHER_CALLBACK], require_pkce: false, code_login: true });
  });
  after(() => server[Symbol.asyncDispose]());

  const csrf = (body: object) => call(server, { path: '/nx/csrf', body });
  async function stateFor(RedirectURL: string): Promise<string> {
    const { status, json, text } = await csrf({ AuthenticationEndpoint: `${server.issuer}/oauth/authorize`, RedirectURL });
    assert.equal(status, 200, text);
    assert.deepEqual(Object.keys(json), ['CSRFToken']);
    return String(json.CSRFToken);
  }

  interface Wish {
    readonly browser?: CookieBrowser;
    readonly person?: Account;
    readonly parameters?: Readonly<Record<string, string>>;
  }

  /** A code of /oauth/authorize for this state. */
  async function codeFor(state: string, { browser = new CookieBrowser(), person = alice, parameters = {} }: Wish = {}): Promise<string> {
    const query = { response_type: 'code', client_id: app.client.id, redirect_uri: CALLBACK, scope: 'openid read:interactions' };
    const url = `${server.issuer}/oauth/authorize?${new URLSearchParams({ ...query, state, ...parameters })}`;
    const page = await signIn(browser, url, { identifier: person.email });
    const code = new URL(page.url).searchParams.get('code');
    assert.ok(code, page.html.slice(0, 500));
    return code;
  }

  const codeLogin = (code: string, state: string) => call(server, { path: '/nx/code-login', body: { code, state } });
  const exchange = (code: string): Promise<Answer> =>
    post(
      `${server.issuer}/oauth/token`,
      { grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
      { authorization: basic(app.client.id, app.secret ?? '') },
    );
  async function pairBy(wish: Wish = {}) {
    const state = await stateFor(CALLBACK);
    return pairIn(await codeLogin(await codeFor(state, wish), state));
  }

  it('takes a code of /oauth/authorize with the CSRFToken as its state, and gives a pair of the client', async () => {
    const state = await stateFor(CALLBACK);
    const answer = await call(server, { path: '/nx/code-login', body: { code: await codeFor(state), state } });
    assert.deepEqual(Object.keys(answer.json), ['AccessToken', 'Error', 'RefreshToken', 'TotpAccessCode']);
    assert.deepEqual([answer.json.Error, answer.json.TotpAccessCode], ['', '']);
    const { AccessToken, RefreshToken } = pairIn(answer);
    const [entry] = await server.house.storage.audit.list({ type: 'token.issued', clientId: app.client.id, limit: 1 });
    assert.deepEqual([entry?.accountId, entry?.detail.scope], [alice.id, 'read:interactions']);
    assert.equal((await call(server, { path: '/global', token: AccessToken })).status, 200);
    const next = pairIn(await refreshPair(server, RefreshToken));
    assert.equal((await call(server, { path: '/global', token: next.AccessToken })).status, 200);
  });

  it('is good for no more than its scopes, and never for what is the person’s own', async () => {
    const admin = await server.addAccount({ role: 'admin' });
    const first = await pairBy({ person: admin });
    const refreshed = pairIn(await refreshPair(server, first.RefreshToken));
    for (const { AccessToken: token } of [first, refreshed]) {
      const refused = [
        { path: `/user/${admin.id}` },
        { path: `/user/${admin.id}`, method: 'PATCH', body: { Name: 'x' } },
        { path: '/license' },
        { path: '/organisation' },
        { path: '/nx/tokens', body: { GrantType: 'password', Password: 'x' } },
        { path: '/nx/logout', body: { GrantType: 'password', Password: 'x' } },
        { path: '/license', body: {} },
      ];
      for (const each of refused) assertError(await call(server, { ...each, token }), 403);
      const body = { name: 'x', expires_at: '2099-01-01T00:00:00Z' };
      assert.equal((await call(server, { path: '/api/v1/auth/private-tokens', token, body })).status, 403);
      assert.equal((await call(server, { path: '/api/v1/users', token })).status, 403);
    }
    const wide = await pairBy({ person: admin, parameters: { scope: 'read:interactions admin:all' } });
    assert.equal((await call(server, { path: '/license', token: wide.AccessToken })).status, 200);
    await server.house.accounts.setRole(admin, 'viewer', ORIGIN);
    assertError(await call(server, { path: '/license', token: wide.AccessToken }), 403);
    assert.equal((await call(server, { method: 'POST', path: '/authenticate/signout', token: wide.AccessToken })).status, 204);
    await assertDead(server, wide);
  });

  it('takes no code of a client that is not meant for it, and leaves the code as it is', async () => {
    const { clients } = server.house;
    const state = await stateFor(CALLBACK);
    const code = await codeFor(state);
    await clients.update(await clients.resolve(app.client.id), { metadata: { code_login: false } }, ORIGIN);
    assertError(await codeLogin(code, state), 401);
    await clients.update(await clients.resolve(app.client.id), { metadata: { code_login: true } }, ORIGIN);
    pairIn(await codeLogin(code, state));
  });

  it('takes none for a tenant that is disabled, or from where it allows no calls, and leaves the code as it is', async () => {
    const state = await stateFor(CALLBACK);
    const code = await codeFor(state);
    for (const change of [{ disabled: true }, { allowedAddresses: ['192.0.2.1'] }]) {
      const changed = await server.house.tenants.update(server.tenant, change, ORIGIN);
      assertError(await codeLogin(code, state), 401);
      await server.house.tenants.update(changed, { disabled: false, allowedAddresses: [] }, ORIGIN);
    }
    pairIn(await codeLogin(code, state));
  });

  it('signing its pair out leaves the browser, and what the client got there besides, alone', async () => {
    const browser = new CookieBrowser();
    const pair = await pairBy({ browser });
    const { json } = await exchange(await codeFor('a-state-of-its-own', { browser }));
    const state = await stateFor(CALLBACK);
    assert.equal((await call(server, { method: 'POST', path: '/authenticate/signout', token: pair.AccessToken })).status, 204);
    await assertDead(server, pair);
    assert.equal((await call(server, { path: '/global', token: String(json.access_token) })).status, 200);
    pairIn(await codeLogin(await codeFor(state, { browser }), state));
  });

  it('any other state, address, challenge or time is a 401, and costs the code nothing', async () => {
    const state = await stateFor(CALLBACK);
    const code = await codeFor(state);
    assertError(await codeLogin('string', 'string'), 401);
    assertError(await codeLogin(code, 'string'), 401);
    assertError(await codeLogin('string', state), 401);
    assertError(await codeLogin(code, await stateFor(CALLBACK)), 401);
    const elsewhere = await stateFor(OTHER_CALLBACK);
    assertError(await codeLogin(await codeFor(elsewhere), elsewhere), 401);
    const own = 'a-state-of-its-own';
    assertError(await codeLogin(await codeFor(own), own), 401);
    const bound = await stateFor(CALLBACK);
    assertError(await codeLogin(await codeFor(bound, { parameters: PKCE }), bound), 401);
    pairIn(await codeLogin(code, state));

    const late = await stateFor(CALLBACK);
    const lateCode = await codeFor(late);
    server.clock.advance(server.house.config.lifetimes.authorization_code + 16);
    assertError(await codeLogin(lateCode, late), 401);
    const old = await stateFor(CALLBACK);
    server.clock.advance(601);
    assertError(await codeLogin(await codeFor(old), old), 401);
    assertError(await call(server, { path: '/nx/code-login', body: { code: { $ne: null }, state } }), 400, 'code');
  });

  it('a state is good for one sign-in', async () => {
    const browser = new CookieBrowser();
    const state = await stateFor(CALLBACK);
    const [first, second] = [await codeFor(state, { browser }), await codeFor(state, { browser })];
    pairIn(await codeLogin(first, state));
    assertError(await codeLogin(second, state), 401);
  });

  it('[security 21] a code that comes twice ends what the first gave, on either way', async () => {
    const reuses = async () => (await server.house.storage.audit.list({ type: 'token.reused', accountId: alice.id, limit: 1000 })).length;
    const state = await stateFor(CALLBACK);
    const code = await codeFor(state);
    const pair = pairIn(await codeLogin(code, state));
    const before = await reuses();
    assertError(await codeLogin(code, state), 401);
    await assertDead(server, pair);
    assert.equal(await reuses(), before + 1);

    const other = await stateFor(CALLBACK);
    const otherCode = await codeFor(other);
    const otherPair = pairIn(await codeLogin(otherCode, other));
    assert.equal((await exchange(otherCode)).json.error, 'invalid_grant');
    await assertDead(server, otherPair);

    const third = await stateFor(CALLBACK);
    const thirdCode = await codeFor(third, { parameters: { scope: 'openid read:interactions offline_access' } });
    const { json } = await exchange(thirdCode);
    assertError(await codeLogin(thirdCode, third), 401);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(json.refresh_token) };
    const dead = await post(`${server.issuer}/oauth/token`, refresh, { authorization: basic(app.client.id, app.secret ?? '') });
    assert.equal(dead.json.error, 'invalid_grant');
  });

  it(`[security 22] a code used ${AT_ONCE} times at once gives a pair once, and it dies with the reuse`, async () => {
    for (let round = 0; round < 5; round++) {
      const state = await stateFor(CALLBACK);
      const code = await codeFor(state);
      using _slow = slowDown(server.house.storage);
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => codeLogin(code, state)));
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      assert.ok(winner && others.length === 0, answers.map(({ status }) => status).join());
      for (const answer of answers) if (answer !== winner) assertError(answer, 401);
      await assertDead(server, pairIn(winner));
    }
  });

  it('[security 86] says two factors when two were proved', async () => {
    const admin = await server.addAccount({ role: 'admin' });
    const secret = await giveAuthenticator(server, admin);
    const browser = new CookieBrowser();
    const state = await stateFor(CALLBACK);
    const query = { response_type: 'code', client_id: app.client.id, redirect_uri: CALLBACK, scope: 'admin:all', state };
    const page = await signIn(browser, `${server.issuer}/oauth/authorize?${new URLSearchParams(query)}`, { identifier: admin.email });
    let shown = await browser.submit(page, '/totp', { code: await codeAt(server, secret) });
    if (shown.html.includes('value="allow"')) shown = await browser.submit(shown, '/consent', { decision: 'allow' });
    const { RefreshToken } = pairIn(await codeLogin(new URL(shown.url).searchParams.get('code') ?? '', state));
    const find = () => server.house.houseTokens.find('CloudRefreshToken', RefreshToken);
    assert.equal((await find())?.secondFactor, true);
    const single = await pairBy();
    assert.equal((await server.house.houseTokens.find('CloudRefreshToken', single.RefreshToken))?.secondFactor, false);
  });

  it('[security 29] ends with its client, its person and the sign-in of the browser', async () => {
    const browser = new CookieBrowser();
    const pair = await pairBy({ browser });
    const page = await browser.open(`${server.issuer}/oauth/logout?client_id=${app.client.id}`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    await assertDead(server, pair);

    const bob = await server.addAccount();
    const hers = await pairBy({ person: bob });
    await server.house.accounts.setDisabled(bob, true, ORIGIN);
    await assertDead(server, hers);

    const orphan = await pairBy();
    const { houseTokens, storage } = server.house;
    const { family = '' } = (await houseTokens.find('CloudRefreshToken', orphan.RefreshToken)) ?? {};
    await storage.artifacts.remove('Grant', family);
    assertError(await refreshPair(server, orphan.RefreshToken), 401);

    const last = await pairBy();
    await server.house.clients.remove(app.client, ORIGIN);
    await assertDead(server, last);
    app = await server.addClient('web', { redirect_uris: [CALLBACK, OTHER_CALLBACK], require_pkce: false, code_login: true });
  });

  it('[security 46] /nx/csrf wants two addresses, and fetches none', async () => {
    await using canary = await openCanary();
    const there = `http://localhost:${canary.port}/`;
    assert.notEqual(await stateFor(CALLBACK), await stateFor(CALLBACK));
    assert.equal((await csrf({ AuthenticationEndpoint: there, RedirectURL: there })).status, 200);
    assert.equal(canary.connections(), 0);
    for (const odd of ['', 'string', '/relative', 'javascript:alert(1)', 'file:///etc/passwd', 7, { $ne: null }])
      assertError(await csrf({ AuthenticationEndpoint: odd, RedirectURL: CALLBACK }), 400, 'AuthenticationEndpoint');
    for (const odd of ['', 'string', '/relative', 7, null])
      assertError(await csrf({ AuthenticationEndpoint: there, RedirectURL: odd }), 400, 'RedirectURL');
  });
});
