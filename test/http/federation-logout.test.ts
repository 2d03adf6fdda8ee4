import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { type Account, loginKey } from '../../src/domain/accounts/account.ts';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { epochSeconds } from '../../src/lib/clock.ts';
import { codeAt } from '../support/authenticator.ts';
import { assertDead, giveAuthenticator, isLetIn, pairIn } from '../support/cloud-client.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { arrive, type Neighbours, signInBy, startNeighbours, type Traveller, traveller } from '../support/neighbours.ts';
import { type ProtocolClient, post, protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';
import { startTestProvider, type TestProvider } from '../support/test-provider.ts';

const AFTERWARDS = 'https://app.example.com/signed-out';
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };

/** Goes on to the application's callback, and takes the code there for tokens. */
async function tokensBy(client: ProtocolClient, browser: CookieBrowser, parameters: Record<string, string> = {}) {
  const request = await authorizationRequest(client.config, { scope: 'openid', ...parameters });
  let page = await browser.open(request.url);
  if (page.html.includes('value="allow"')) page = await browser.submit(page, '/consent', { decision: 'allow' });
  const callback = new URL(page.url);
  const code = callback.searchParams.get('code');
  assert.ok(code, `${page.status} ${page.url}`);
  return (await client.exchange({ code, callback, request })).json;
}

async function isSignedIn(client: ProtocolClient, browser: CookieBrowser): Promise<boolean> {
  const { url } = await client.request(browser, { scope: 'openid', prompt: 'none' });
  const error = new URL(url).searchParams.get('error');
  assert.ok(error === null || error === 'login_required' || error === 'consent_required', url);
  return error !== 'login_required';
}

const isActive = async (client: ProtocolClient, token: unknown) => (await client.introspect(token)).json.active;

async function signOut(server: TestServer, browser: CookieBrowser, parameters: Record<string, string> = {}): Promise<Page> {
  const asked = await browser.open(`${server.issuer}/oauth/logout?${new URLSearchParams(parameters)}`);
  return await browser.submit(asked, '/oauth/logout/confirm', { logout: 'yes' });
}

describe('signing out, between two servers', () => {
  let neighbours: Neighbours;
  let here: TestServer;
  let there: TestServer;
  let client: ProtocolClient;
  let listener: Server;
  const heard: string[] = [];
  before(async () => {
    neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    ({ here, there } = neighbours);
    await neighbours.addProvider({ id: 'stays', creation: 'everybody' });
    await neighbours.addProvider({ id: 'leaves', creation: 'everybody', ends_session: true });
    listener = createServer(async (request, response) => {
      heard.push(await text(request));
      response.end();
    });
    await new Promise<void>((resolve) => listener.listen(0, 'localhost', resolve));
    const metadata = {
      redirect_uris: [CALLBACK],
      post_logout_redirect_uris: [AFTERWARDS],
      backchannel_logout_uri: `http://localhost:${(listener.address() as AddressInfo).port}/over`,
      backchannel_logout_session_required: true,
    };
    client = await protocolClient(here, await here.addClient('web', metadata));
  });
  after(async () => {
    listener.close();
    await neighbours[Symbol.asyncDispose]();
  });

  /** Somebody of there who is signed in at both. */
  async function comeIn(provider: string): Promise<{ person: Account; browsers: Traveller }> {
    const person = await there.addAccount();
    const browsers = traveller();
    await signInBy(neighbours, provider, person, browsers);
    assert.ok(await isSignedIn(client, browsers.here));
    return { person, browsers };
  }

  it('there ends the session here, what it gave to applications, and tells them', async () => {
    const { browsers } = await comeIn('stays');
    const other = await comeIn('stays');
    const tokens = await tokensBy(client, browsers.here);
    const kept = await tokensBy(client, other.browsers.here);
    assert.equal(await isActive(client, tokens.access_token), true);
    await signOut(there, browsers.there);
    assert.equal(await isSignedIn(client, browsers.here), false);
    assert.equal(await isActive(client, tokens.access_token), false);
    assert.equal(await isSignedIn(client, other.browsers.here), true, 'somebody else stays');
    assert.equal(await isActive(client, kept.access_token), true);
    const { sid } = decodeJwt(String(tokens.id_token));
    const told = heard.map((form) => decodeJwt(new URLSearchParams(form).get('logout_token') ?? ''));
    assert.deepEqual(
      told.map((claims) => [claims.sid, claims.sub, claims.events]),
      [[sid, decodeJwt(String(tokens.id_token)).sub, EVENTS]],
    );
    const [entry] = await here.house.storage.audit.list({ type: 'federation.signed_out', limit: 5 });
    assert.deepEqual(entry?.detail, { provider: 'stays' });
  });

  it('there leaves what was to outlast it', async () => {
    const { browsers } = await comeIn('stays');
    const tokens = await tokensBy(client, browsers.here, { scope: 'openid offline_access', prompt: 'consent' });
    await signOut(there, browsers.there);
    assert.equal(await isSignedIn(client, browsers.here), false);
    assert.equal((await client.refresh(tokens.refresh_token)).status, 200);
  });

  it('there ends what is refreshed without having asked to outlast it', async () => {
    const { browsers } = await comeIn('stays');
    const phone = await protocolClient(here, await here.addClient('native', { redirect_uris: [CALLBACK] }));
    const tokens = await tokensBy(phone, browsers.here);
    await signOut(there, browsers.there);
    assert.equal((await phone.refresh(tokens.refresh_token)).status, 400);
  });

  it('there ends the pair of the cloud API that a code of this sign-in was taken for', async () => {
    const { browsers } = await comeIn('stays');
    const app = await here.addClient('web', { redirect_uris: [CALLBACK], require_pkce: false, code_login: true });
    const asked = { AuthenticationEndpoint: `${here.issuer}/oauth/authorize`, RedirectURL: CALLBACK };
    const state = String((await call(here, { path: '/nx/csrf', body: asked })).json.CSRFToken);
    const query = { response_type: 'code', client_id: app.client.id, redirect_uri: CALLBACK, scope: 'openid read:interactions', state };
    const page = await browsers.here.open(`${here.issuer}/oauth/authorize?${new URLSearchParams(query)}`);
    const allowed = await browsers.here.submit(page, '/consent', { decision: 'allow' });
    const code = new URL(allowed.url).searchParams.get('code');
    const pair = pairIn(await call(here, { path: '/nx/code-login', body: { code, state } }));
    assert.ok(await isLetIn(here, pair.AccessToken));
    await signOut(there, browsers.there);
    await assertDead(here, pair);
  });

  it('here goes there as well, where it is set so, and comes back to the application', async () => {
    const { browsers } = await comeIn('leaves');
    const { id_token } = await tokensBy(client, browsers.here);
    const hint = { id_token_hint: String(id_token), post_logout_redirect_uri: AFTERWARDS, state: 'the-state' };
    const away = await signOut(here, browsers.here, hint);
    assert.equal(new URL(away.url).origin + new URL(away.url).pathname, `${there.issuer}/oauth/logout`);
    assert.equal(await isSignedIn(client, browsers.here), false, 'here they are out in any case');
    const back = await browsers.there.submit(await browsers.there.open(away.url), '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal(new URL(back.url).pathname, '/federation/leaves/signed-out');
    assert.equal((await browsers.here.open(back.url)).url, `${AFTERWARDS}?state=the-state`);
    const again = await browsers.here.open(back.url);
    assert.deepEqual([again.status, new URL(again.url).origin], [200, here.issuer], 'once');
    const begun = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'leaves' });
    assert.match((await browsers.there.open(begun.url)).html, /name="password"/, 'there they are out, too');
  });

  it('here stays here, where nothing is set', async () => {
    const { browsers } = await comeIn('stays');
    const { id_token } = await tokensBy(client, browsers.here);
    const done = await signOut(here, browsers.here, { id_token_hint: String(id_token), post_logout_redirect_uri: AFTERWARDS });
    assert.equal(done.url, AFTERWARDS);
  });
});

describe('logout tokens of a provider', () => {
  let there: TestProvider;
  let here: TestServer;
  let client: ProtocolClient;
  let subject = '';
  before(async () => {
    there = await startTestProvider();
    const oidc = { enabled: true, issuer: there.issuer, client_id: 'gatehouse', client_secret: 'hush' };
    here = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]',
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      GATEHOUSE_WEB__OIDC: JSON.stringify(oidc),
    });
    const known = { preset: 'oidc', issuer: there.issuer, client_id: 'gatehouse', client_secret: 'hush', creation: 'everybody' } as const;
    await here.house.providers.create({ ...known, id: 'elsewhere', name: 'Elsewhere', ends_session: true }, ORIGIN);
    client = await protocolClient(
      here,
      await here.addClient('web', { redirect_uris: [CALLBACK], post_logout_redirect_uris: [AFTERWARDS] }),
    );
  });
  after(async () => {
    await here[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
  });

  /** Somebody new there, who is signed in here; without `sid` the provider does not name sessions. */
  async function comeIn({
    sid,
    authTime,
    browser = new CookieBrowser(),
  }: {
    sid?: string;
    authTime?: number;
    browser?: CookieBrowser;
  } = {}) {
    const told = { ...(sid && { sid }), ...(authTime && { auth_time: authTime }) };
    there.idToken = (usual) => ({ ...usual, sub: subject, email: `${subject}@example.com`, email_verified: true, ...told });
    const page = await client.request(browser, { scope: 'openid' });
    const away = await browser.submit(page, '/upstream', { provider: 'elsewhere' });
    await browser.open(there.authorize(new URL(away.url)).href.replace(there.origin, here.issuer));
    return browser;
  }
  const comeInAnew = async (sid?: string) => {
    subject = `s-${randomUUID()}`;
    return await comeIn(sid === undefined ? {} : { sid });
  };

  const accountOf = async () => {
    const account = await here.house.storage.accounts.findByLogin(loginKey(`${subject}@example.com`));
    return account ?? assert.fail(subject);
  };
  /** The same at the session API, as far as it goes. */
  async function beginAtApi(sid: string, who = `s-${randomUUID()}`): Promise<Record<string, string>> {
    subject = who;
    there.idToken = (usual) => ({ ...usual, sub: subject, email: `${subject}@example.com`, sid });
    const browser = new CookieBrowser();
    const sent = await browser.request(`${here.issuer}/api/auth/oidc/authorize`);
    const back = there.authorize(new URL(sent.headers.get('location') ?? ''));
    const answer = await browser.request(back.href, { headers: { accept: 'application/json' } });
    return (await answer.json()) as Record<string, string>;
  }

  const secondsAgo = (seconds: number) => epochSeconds(here.clock.now()) - seconds;
  const claims = (more: object) => ({
    iss: there.issuer,
    aud: 'gatehouse',
    iat: secondsAgo(0),
    exp: secondsAgo(-60),
    jti: randomUUID(),
    events: EVENTS,
    ...more,
  });
  const send = (token: string, provider = 'elsewhere') => post(`${here.issuer}/federation/${provider}/logout`, { logout_token: token });

  it('[security 94] end the session they name, once, and no other of the same person', async () => {
    const browser = await comeInAnew('laptop');
    const phone = await comeIn({ sid: 'phone' });
    const token = await there.sign(claims({ sid: 'laptop', iat: secondsAgo(5) }));
    const answer = await send(token);
    assert.deepEqual([answer.status, answer.text, answer.headers.get('cache-control')], [200, '', 'no-store']);
    assert.deepEqual([await isSignedIn(client, browser), await isSignedIn(client, phone)], [false, true]);
    await comeIn({ sid: 'laptop', browser });
    const replayed = await send(token);
    assert.deepEqual([replayed.status, replayed.json.error], [400, 'invalid_request']);
    assert.equal(await isSignedIn(client, browser), true);
    assert.equal((await send(await there.sign(claims({ sid: 'phone', sub: 'somebody-else' })))).status, 200);
    assert.equal(await isSignedIn(client, phone), true, 'the session there is not of that person');
  });

  it('end all of a person when they name nobody but them', async () => {
    const first = await comeInAnew();
    const second = await comeIn({ sid: 'known' });
    assert.equal((await send(await there.sign(claims({ sub: subject })))).status, 200);
    assert.deepEqual([await isSignedIn(client, first), await isSignedIn(client, second)], [false, false]);
  });

  it('are refused when they are none, and when nobody knows the provider', async () => {
    const browser = await comeInAnew('s1');
    const bad = [
      await there.sign(claims({ sid: 's1', events: {} })),
      await there.sign(claims({ sid: 's1', nonce: 'n' })),
      await there.sign(claims({ sid: 's1', aud: 'another' })),
      await there.sign(claims({ sid: 's1', iat: 1, exp: 2 })),
      await there.sign(claims({ sid: 's1' }), { typ: 'at+jwt' }),
      'not.a.token',
    ];
    for (const token of bad) assert.equal((await send(token)).status, 400);
    assert.equal((await post(`${here.issuer}/federation/elsewhere/logout`, {})).status, 400);
    assert.equal((await send(await there.sign(claims({ sid: 's1' })), 'nobody')).status, 404);
    assert.equal(await isSignedIn(client, browser), true);
  });

  it('come again when the keys could not be had', async () => {
    const browser = await comeInAnew('s2');
    await there.rotate();
    const token = await there.sign(claims({ sid: 's2' }));
    there.instead.keys = (_request, response) => response.writeHead(500).end();
    const answer = await send(token);
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '30']);
    delete there.instead.keys;
    assert.equal(await isSignedIn(client, browser), true);
    here.clock.advance(60);
    assert.equal((await send(token)).status, 200);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('come again when they broke off in the middle, and end what is left', async () => {
    const { token = '' } = await beginAtApi('broken');
    const { artifacts } = here.house.storage;
    const { removeBy } = artifacts;
    artifacts.removeBy = async () => {
      artifacts.removeBy = removeBy;
      throw new StoreUnavailableError('the store is away');
    };
    const notice = await there.sign(claims({ sid: 'broken' }));
    assert.equal((await send(notice, 'oidc')).status, 503);
    assert.equal((await send(notice, 'oidc')).status, 200);
    assert.equal((await call(here, { path: '/api/me', token })).status, 401);
  });

  it('end what began under a name that is not theirs: after an unlinking, without a session there, with the provider disabled', async () => {
    const browser = await comeInAnew();
    const account = await accountOf();
    const [identity] = await here.house.storage.identities.list(account.tenantId, account.id);
    assert.ok(identity);
    await here.house.storage.accounts.update(account.tenantId, account.id, (old) => ({ ...old, passwordHash: 'some' }));
    await here.house.identities.unlink(account, identity.id, ORIGIN);
    const provider = await here.house.providers.resolve('elsewhere');
    await here.house.providers.update(provider, { enabled: false }, ORIGIN);
    assert.equal((await send(await there.sign(claims({ sub: subject, sid: 'unheard-of' })))).status, 200);
    await here.house.providers.update(provider, { enabled: true }, ORIGIN);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('end a sign-in that they overtake, at the provider and on its last steps', async () => {
    subject = `s-${randomUUID()}`;
    assert.equal((await send(await there.sign(claims({ sub: subject, iat: secondsAgo(-2) })))).status, 200);
    assert.equal(await isSignedIn(client, await comeIn({ sid: 'overtaken' })), false);

    subject = `s-${randomUUID()}`;
    there.idToken = (usual) => ({ ...usual, sub: subject, email: `${subject}@example.com`, sid: 'late' });
    const browser = new CookieBrowser();
    const away = await browser.submit(await client.request(browser, { scope: 'openid' }), '/upstream', { provider: 'elsewhere' });
    let address = there.authorize(new URL(away.url)).href;
    while (!address.includes('/oauth/authorize/')) {
      const answer = await browser.request(address);
      address = new URL(answer.headers.get('location') ?? assert.fail(`${answer.status} ${address}`), address).href;
    }
    assert.equal((await send(await there.sign(claims({ sid: 'late' })))).status, 200);
    assert.match((await browser.open(address)).html, /name="password"/);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('end a sign-in that still owes its code, and the token of the session API', async () => {
    const { token = '' } = await beginAtApi('api');
    const me = () => call(here, { path: '/api/me', token });
    assert.equal((await me()).status, 200);
    assert.equal((await send(await there.sign(claims({ sid: 'api' })), 'oidc')).status, 200);
    assert.equal((await me()).status, 401);

    here.clock.advance(1);
    const secret = await giveAuthenticator(here, await accountOf());
    const { partial_token = '' } = await beginAtApi('api-2', subject);
    assert.ok(partial_token);
    const code = () => codeAt(here, secret);
    const cloud = await call(here, { path: '/nx/totp', body: { token: partial_token, totp: await code() } });
    assert.equal(cloud.status, 401, 'it is good for no other surface');
    assert.equal((await send(await there.sign(claims({ sid: 'api-2' })), 'oidc')).status, 200);
    const late = await call(here, { path: '/api/login/totp', body: { partial_token, code: await code() } });
    assert.deepEqual([late.status, 'token' in late.json], [401, false]);
  });

  it('no session is younger than the sign-in there', async () => {
    subject = `s-${randomUUID()}`;
    const hours = secondsAgo(8 * 3600);
    const browser = await comeIn({ authTime: hours });
    const { id_token } = await tokensBy(client, browser);
    assert.equal(decodeJwt(String(id_token)).auth_time, hours);
    assert.match((await client.request(browser, { scope: 'openid', max_age: '60' })).html, /name="password"/);
    assert.equal(await isSignedIn(client, browser), true, 'it lasts as long as any other');
  });

  it('a provider that is down keeps nobody from signing out here', async () => {
    there.discovery = { end_session_endpoint: `${there.origin}/out` };
    const browser = await comeInAnew('s3');
    const { id_token } = await tokensBy(client, browser);
    there.instead.discovery = (_request, response) => response.writeHead(500).end();
    here.clock.advance(3600);
    const done = await signOut(here, browser, { id_token_hint: String(id_token), post_logout_redirect_uri: AFTERWARDS });
    delete there.instead.discovery;
    assert.equal(done.url, AFTERWARDS);
    assert.equal(await isSignedIn(client, browser), false);
    const [entry] = await here.house.storage.audit.list({ type: 'federation.failed', limit: 1 });
    assert.equal(entry?.detail.kind, 'unavailable');
  });
});
