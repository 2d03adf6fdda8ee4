import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loginKey } from '../../../src/domain/accounts/account.ts';
import { freePort } from '../../support/free-port.ts';
import { answerOf, type Traveller, traveller } from '../../support/neighbours.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { startServer, type TestServer } from '../../support/start-server.ts';

const PAGE = 'https://front.example.com/signed-in';

describe('the session API: OIDC single sign-on', () => {
  let here: TestServer;
  let there: TestServer;
  before(async () => {
    there = await startServer({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    const port = String(await freePort());
    const redirectUri = `http://localhost:${port}/api/auth/oidc/callback`;
    const { client, secret } = await there.addClient('web', { client_name: 'noba', redirect_uris: [redirectUri] });
    // The block of the documentation, with this provider's values.
    const oidc = {
      enabled: true,
      issuer: there.issuer,
      client_id: client.id,
      client_secret: secret,
      redirect_uri: redirectUri,
      scopes: ['openid', 'profile', 'email'],
      role_claim: 'role',
      role_map: { admin: 'admin', operator: 'operator' },
      page: PAGE,
    };
    here = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_SERVER__PORT: port,
      GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]',
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      GATEHOUSE_WEB__OIDC: JSON.stringify(oidc),
    });
  });
  after(async () => {
    await here[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
  });

  /** The address that the provider sends this browser back to. */
  async function answered(browsers: Traveller, person: { readonly email: string }): Promise<string> {
    const sent = await browsers.here.request(`${here.issuer}/api/auth/oidc/authorize`);
    assert.equal(sent.status, 302);
    const address = sent.headers.get('location') ?? '';
    assert.ok(address.startsWith(there.issuer));
    return await answerOf(address, person, browsers);
  }

  it('redirects to the identity provider, maps the role and issues a session token', async () => {
    const person = await there.addAccount({ role: 'operator' });
    const browsers = traveller();
    const response = await browsers.here.request(await answered(browsers, person), { headers: { accept: 'application/json' } });
    const json = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(
      [response.status, Object.keys(json), json.role, json.username],
      [200, ['token', 'role', 'username'], 'operator', person.email],
    );
    assert.match(String(json.token), /^[0-9a-f]{64}$/);
    const me = await call(here, { path: '/api/me', token: String(json.token) });
    assert.deepEqual(me.json, { username: person.email, role: 'operator' });
    const account = await here.house.storage.accounts.findByLogin(loginKey(person.email));
    assert.equal(account?.passwordHash, undefined);
  });

  it('sends a browser to the page with a code that is good once, for 30 seconds; no token is in an address', async () => {
    const person = await there.addAccount({ role: 'admin' });
    const browsers = traveller();
    const response = await browsers.here.request(await answered(browsers, person));
    const page = new URL(response.headers.get('location') ?? '');
    assert.deepEqual([response.status, page.origin + page.pathname, [...page.searchParams.keys()]], [302, PAGE, ['code']]);
    const exchange = (code: string) => call(here, { path: '/api/auth/oidc/exchange', body: { code } });
    const code = page.searchParams.get('code') ?? '';
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(code)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 401));
    const again = await browsers.here.request(await answered(browsers, person));
    here.clock.advance(31);
    assert.equal((await exchange(new URL(again.headers.get('location') ?? '').searchParams.get('code') ?? '')).status, 401);
    assert.equal((await exchange('made-up')).status, 401);
  });

  it('[security 93] an answer is good in the browser it began in, once', async () => {
    const person = await there.addAccount({ role: 'operator' });
    const browsers = traveller();
    const address = await answered(browsers, person);
    assert.equal((await traveller().here.request(address)).status, 404);
    const init = { headers: { accept: 'application/json' } };
    assert.equal((await browsers.here.request(address, init)).status, 200);
    assert.equal((await browsers.here.request(address, init)).status, 404);
  });

  it('refuses whom no role is mapped for, and whoever says no there', async () => {
    const viewer = await there.addAccount();
    const browsers = traveller();
    const init = { headers: { accept: 'application/json' } };
    const refused = await browsers.here.request(await answered(browsers, viewer), init);
    assert.equal(refused.status, 403);
    assert.match(String(((await refused.json()) as { error: string }).error), /no role here/);
    const sent = await browsers.here.request(`${here.issuer}/api/auth/oidc/authorize`);
    const state = new URL(sent.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const no = new URLSearchParams({ error: 'access_denied', state, iss: there.issuer });
    assert.equal((await browsers.here.request(`${here.issuer}/api/auth/oidc/callback?${no}`, init)).status, 403);
  });

  it('is not there where it is not configured', async () => {
    const { status } = await call(there, { path: '/api/auth/oidc/authorize' });
    assert.equal(status, 404);
  });
});
