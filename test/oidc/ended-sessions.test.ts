import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { Artifact } from '../../src/domain/tokens/artifact-store.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const NEW_PASSWORD = 'quite-another-staple-of-horses-7';

const answerOf = ({ url }: Page) => new URL(url).searchParams;
const asksForPassword = ({ html }: Page) => html.includes('name="password"');
const asksForCode = ({ html }: Page) => html.includes('autocomplete="one-time-code"');

describe('what has ended stays ended', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  async function signedIn(account?: Account) {
    const person = account ?? (await server.addAccount());
    const browser = new CookieBrowser();
    const tokens = await tokensOf(client, { identifier: person.email }, { browser });
    return { person, browser, tokens };
  }

  /** What a request that was under way when the session ended does at its end: it stores the session it had read. */
  async function keepSession(person: Account): Promise<() => Promise<void>> {
    const { artifacts } = server.house.storage;
    const [found] = await artifacts.list('Session', 'accountId', person.id);
    assert.ok(found);
    const { id, artifact }: { id: string; artifact: Artifact } = found;
    return () => artifacts.put('Session', id, artifact, new Date(server.clock.now().getTime() + 3_600_000));
  }

  async function setPassword(person: Account): Promise<void> {
    const secret = await server.house.accounts.createPasswordLink(person, ORIGIN);
    assert.ok(await server.house.accounts.usePasswordLink(secret, NEW_PASSWORD, ORIGIN));
  }

  it('[security 75] a session that comes back after sign-out is not signed in', async () => {
    const { person, browser, tokens } = await signedIn();
    const thief = new CookieBrowser();
    for (const [key, cookie] of browser.cookies) thief.cookies.set(key, cookie);
    const bringBack = await keepSession(person);
    const page = await browser.open(`${server.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    await bringBack();
    assert.equal(answerOf(await client.request(thief, { prompt: 'none' })).get('error'), 'login_required');
  });

  it('whoever signed out while another request was under way can sign in again in that browser', async () => {
    const { person, browser, tokens } = await signedIn();
    const cookies = new Map(browser.cookies);
    const bringBack = await keepSession(person);
    const page = await browser.open(`${server.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    await bringBack();
    for (const [key, cookie] of cookies) browser.cookies.set(key, cookie);
    const again = await browser.submit(await client.request(browser), '/password', { identifier: person.email, password: PASSWORD });
    assert.ok(answerOf(again).get('code'), again.url);
  });

  it('tokens that are bound to a session end with it, whatever brings it back', async () => {
    const person = await server.addAccount();
    const browser = new CookieBrowser();
    const parameters = { scope: 'openid read:interactions' };
    const tokens = await tokensOf(client, { identifier: person.email }, { browser, parameters });
    const bringBack = await keepSession(person);
    const page = await browser.open(`${server.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    await bringBack();
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.deepEqual((await client.introspect(tokens.access_token)).json, { active: false });
  });

  it('a sign-out that is asked about survives a request at the same time', async () => {
    const { person, browser, tokens } = await signedIn();
    const bringBack = await keepSession(person);
    const page = await browser.open(`${server.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    await bringBack();
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal(answerOf(await client.request(browser, { prompt: 'none' })).get('error'), 'login_required');
  });

  it('[security 91] a step-up that waited with the session of an old password asks for the new one', async () => {
    const { person, browser } = await signedIn();
    const waiting = await client.request(browser, { acr_values: 'aal2' });
    const bringBack = await keepSession(person);
    await setPassword(person);
    await bringBack();
    assert.equal(answerOf(await client.request(browser, { prompt: 'none' })).get('error'), 'login_required');
    const page = await browser.open(waiting.url);
    assert.ok(asksForPassword(page) && !asksForCode(page));
  });

  it('[security 87] an authenticator is set up with the password, never from a session alone', async () => {
    const { person, browser } = await signedIn();
    let page = await client.request(browser, { acr_values: 'aal2' });
    assert.ok(asksForPassword(page));
    page = await browser.submit(page, '/password', { identifier: person.email, password: PASSWORD });
    assert.ok(asksForCode(page), 'the password leads on to the authenticator, once');
  });

  it('a request for two factors asks for password and authenticator in one go', async () => {
    const person = await server.addAccount();
    const browser = new CookieBrowser();
    const page = await client.request(browser, { acr_values: 'aal2' });
    assert.ok(asksForCode(await browser.submit(page, '/password', { identifier: person.email, password: PASSWORD })));
  });

  it('ending the tokens of one device leaves those of another, and the consent', async () => {
    const one = await signedIn();
    const two = await signedIn(one.person);
    assert.equal((await client.revoke(one.tokens.refresh_token)).status, 200);
    assert.equal((await client.refresh(one.tokens.refresh_token)).json.error, 'invalid_grant');
    assert.equal((await userinfo(server, two.tokens.access_token)).status, 200);
    assert.equal((await client.refresh(two.tokens.refresh_token)).status, 200);
    assert.ok(answerOf(await client.request(one.browser, { prompt: 'none' })).get('code'), 'consent is not asked anew');
  });

  it('a jti alone is no token', async () => {
    const { tokens } = await signedIn();
    const { jti } = decodeJwt(String(tokens.access_token));
    assert.deepEqual((await client.introspect(jti)).json, { active: false });
    await client.revoke(jti);
    assert.equal((await client.introspect(tokens.access_token)).json.active, true);
  });

  it('clients serve the people of their own tenant', async () => {
    const other = await server.house.tenants.ensure({ slug: 'other', name: 'Other' }, ORIGIN);
    const stranger = await server.addAccount({ tenantId: other.id });
    const browser = new CookieBrowser();
    const page = await browser.submit(await client.request(browser), '/password', { identifier: stranger.email, password: PASSWORD });
    assert.equal(page.status, 401);
    assert.ok(asksForPassword(page));

    const metadata = { client_name: 'Theirs', redirect_uris: [CALLBACK] };
    const theirs = await protocolClient(server, await server.house.clients.create({ tenantId: other.id, type: 'web', metadata }, ORIGIN));
    const { access_token } = await tokensOf(theirs, { identifier: stranger.email }, { browser });
    assert.ok(access_token);
    assert.equal(answerOf(await client.request(browser, { prompt: 'none' })).get('error'), 'login_required', 'their session is none here');
    const token = String(access_token);
    assert.deepEqual((await client.introspect(token)).json, { active: false });
  });
});
