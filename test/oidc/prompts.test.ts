import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { get, type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK, signIn } from '../support/relying-party.ts';
import { PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const answerOf = (page: Page) => {
  assert.ok(page.url.startsWith(CALLBACK), `${page.status} ${page.url}`);
  return new URL(page.url).searchParams;
};
const asksForPassword = (page: Page) => page.html.includes('name="password"');
const asksForConsent = (page: Page) => page.html.includes('value="allow"');

describe('prompts', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  /** A browser whose person signed in and allowed the usual scopes. */
  async function signedIn() {
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    const authorized = await client.authorize(browser, { identifier: account.email });
    return { account, browser, authorized };
  }

  it('[security 14] prompt=none without a session is login_required, with no cookie and no page', async () => {
    const { url } = await authorizationRequest(client.config, { prompt: 'none' });
    const answer = await get(url, { accept: 'text/html' });
    const location = new URL(answer.headers.get('location') ?? '');
    assert.equal(`${location.origin}${location.pathname}`, CALLBACK);
    assert.equal(location.searchParams.get('error'), 'login_required');
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.doesNotMatch(answer.text, /<form/);
  });

  it('[security 14] prompt=none without consent is consent_required', async () => {
    const { browser } = await signedIn();
    const other = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    assert.equal(answerOf(await other.request(browser, { prompt: 'none' })).get('error'), 'consent_required');
    const more = await client.request(browser, { prompt: 'none', scope: 'openid read:interactions read:users' });
    assert.ok(answerOf(more).get('code'), 'what the role may not hand over is not asked for');
  });

  it('[security 15] prompt=login asks for the password although a session lives, and gives a new auth_time', async () => {
    const { account, browser, authorized } = await signedIn();
    const first = decodeJwt(String((await client.exchange(authorized)).json.id_token));
    await delay(1100);
    const request = await authorizationRequest(client.config, { prompt: 'login' });
    const page = await browser.open(request.url);
    assert.ok(asksForPassword(page));
    const stripped = new URL(request.url);
    stripped.searchParams.delete('prompt');
    const resumed = await browser.open(page.url.replace('/interaction/', '/oauth/authorize/'));
    assert.ok(asksForPassword(resumed), 'going round the page leads back to it');
    const back = await browser.submit(resumed, '/password', { identifier: account.email, password: PASSWORD });
    const code = answerOf(back).get('code') ?? '';
    const again = decodeJwt(String((await client.exchange({ code, callback: new URL(back.url), request })).json.id_token));
    assert.ok(Number(again.auth_time) > Number(first.auth_time));
  });

  it('[security 15] max_age asks for the password once the sign-in is older', async () => {
    const { account, browser } = await signedIn();
    await delay(2100);
    assert.ok(answerOf(await client.request(browser, { max_age: '3600' })).get('code'));
    assert.equal(answerOf(await client.request(browser, { max_age: '1', prompt: 'none' })).get('error'), 'login_required');
    const page = await client.request(browser, { max_age: '1' });
    assert.ok(asksForPassword(page));
    const done = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    assert.ok(answerOf(done).get('code'));
    assert.ok(asksForPassword(await client.request(browser, { max_age: '0' })));
  });

  it('[security 16] an id_token_hint of another person is login_required, and never a silent switch', async () => {
    const first = await signedIn();
    const second = await signedIn();
    const { json } = await client.exchange(second.authorized);
    const hint = { id_token_hint: String(json.id_token) };
    assert.equal(answerOf(await client.request(first.browser, { prompt: 'none', ...hint })).get('error'), 'login_required');
    const request = await authorizationRequest(client.config, hint);
    const page = await first.browser.open(request.url);
    assert.ok(asksForPassword(page));
    assert.doesNotMatch(page.html, /Sign in again/, 'the one who is signed in is not the one who is asked for');
    const switched = await first.browser.submit(page, '/password', { identifier: second.account.email, password: PASSWORD });
    const callback = new URL((await first.browser.submit(switched, '/oauth/logout/confirm')).url);
    const code = callback.searchParams.get('code') ?? '';
    assert.equal(decodeJwt(String((await client.exchange({ code, callback, request })).json.id_token)).sub, second.account.id);
    assert.equal(answerOf(await client.request(second.browser, { prompt: 'none', ...hint })).get('error'), null);
  });

  it('[security 37] an access token is no id_token_hint', async () => {
    const { browser, authorized } = await signedIn();
    const { json } = await client.exchange(authorized);
    const answer = answerOf(await client.request(browser, { prompt: 'none', id_token_hint: String(json.access_token) }));
    assert.equal(answer.get('error'), 'invalid_request');
  });

  it('[security 17] what follows the password is a 303, so that no browser posts it on', async () => {
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    const page = await client.request(browser);
    const [, csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(page.html) ?? [];
    const body = new URLSearchParams({ _csrf: csrf, identifier: account.email, password: PASSWORD });
    let response = await browser.request(`${page.url}/password`, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } });
    for (let hops = 0; hops < 5 && response.headers.get('location') !== null; hops++) {
      assert.equal(response.status, 303);
      response = await browser.request(new URL(response.headers.get('location') ?? '', server.issuer).href);
    }
    assert.match(await response.text(), /value="allow"/);
  });

  it('[security 20] a person meets a page before a client they never saw gets anything', async () => {
    const { browser } = await signedIn();
    const other = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const page = await other.request(browser, { scope: 'openid' });
    assert.ok(asksForConsent(page));
    const nobody = await other.request(new CookieBrowser(), { scope: 'openid' });
    assert.ok(asksForPassword(nobody));
  });

  it('offline_access needs no prompt=consent; who allowed it before is not asked again; prompt=none goes through afterwards', async () => {
    const { account, browser, authorized } = await signedIn();
    assert.equal(new URL(authorized.request.url).searchParams.get('prompt'), null);
    const { json } = await client.exchange(authorized);
    assert.equal(typeof json.refresh_token, 'string');

    const again = await client.request(browser);
    assert.ok(answerOf(again).get('code'), 'same browser');
    const elsewhere = new CookieBrowser();
    let page = await client.request(elsewhere);
    page = await elsewhere.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    assert.ok(answerOf(page).get('code'), 'another browser');
    const silent = await authorizationRequest(client.config, { prompt: 'none' });
    const answer = answerOf(await browser.open(silent.url));
    const code = answer.get('code') ?? '';
    assert.equal((await client.exchange({ code, callback: new URL(CALLBACK), request: silent })).status, 200);
  });

  it('prompt=consent asks although it was allowed before', async () => {
    const { browser } = await signedIn();
    const page = await client.request(browser, { prompt: 'consent' });
    assert.ok(asksForConsent(page));
    assert.ok(answerOf(await browser.submit(page, '/consent', { decision: 'allow' })).get('code'));
  });

  it('prompt=consent asks the person who takes over, too', async () => {
    const { browser } = await signedIn();
    const other = await signedIn();
    const page = await client.request(browser, { prompt: 'consent' });
    const login = await browser.submit(page, '/start-over');
    let next = await browser.submit(login, '/password', { identifier: other.account.email, password: PASSWORD });
    next = await browser.submit(next, '/oauth/logout/confirm');
    assert.ok(asksForConsent(next), next.url);
    assert.match(next.html, new RegExp(other.account.email.split('@')[0] ?? ''));
  });

  it('prompt=select_account shows who is signed in, goes on with them, or with somebody else', async () => {
    const { browser, account } = await signedIn();
    const other = await signedIn();
    const page = await client.request(browser, { prompt: 'select_account' });
    assert.match(page.html, /value="another"/);
    assert.ok(answerOf(await browser.submit(page, '/account', { choice: 'continue' })).get('code'));
    const second = await client.request(browser, { prompt: 'select_account' });
    const login = await browser.submit(second, '/account', { choice: 'another' });
    assert.ok(asksForPassword(login));
    let next = await browser.submit(login, '/password', { identifier: other.account.email, password: PASSWORD });
    next = await browser.submit(next, '/oauth/logout/confirm');
    assert.ok(answerOf(next).get('code'));
    const silent = await client.authorize(browser, { identifier: account.email }, { prompt: 'none' });
    assert.equal(decodeJwt(String((await client.exchange(silent)).json.id_token)).sub, other.account.id);
  });

  it('a native client asks each time, and goes on when it is allowed again', async () => {
    const native = await protocolClient(server, await server.addClient('native', { redirect_uris: [CALLBACK] }));
    const { account, browser } = await signedIn();
    await native.authorize(browser, { identifier: account.email });
    const page = await native.request(browser);
    assert.ok(asksForConsent(page));
    assert.ok(answerOf(await browser.submit(page, '/consent', { decision: 'allow' })).get('code'));
    assert.equal(answerOf(await native.request(browser, { prompt: 'none' })).get('error'), 'interaction_required');
  });

  it('who says no sends the application an access_denied, and nothing was granted', async () => {
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    const request = await authorizationRequest(client.config);
    let page = await browser.open(request.url);
    page = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    const answer = answerOf(await browser.submit(page, '/consent', { decision: 'deny' }));
    assert.equal(answer.get('error'), 'access_denied');
    assert.equal(answer.get('state'), request.checks.expectedState);
    assert.ok(asksForConsent(await client.request(browser)));
    assert.equal((await signIn(browser, request.url, { identifier: account.email })).url.startsWith(CALLBACK), true);
  });
});
