import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { CookieBrowser, formsOf, type Page } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const SAME = { 'sec-fetch-site': 'same-origin' };

describe('forms that did not come from our page in this browser', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let account: Account;
  before(async () => {
    const roomy = JSON.stringify({ limit: 1000, window: 60, block: 60 });
    server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: roomy });
    account = await server.addAccount();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const loginPage = (browser: CookieBrowser) => client.request(browser, { scope: 'openid' });
  const consentPage = async (browser: CookieBrowser, who = account) =>
    await browser.submit(await loginPage(browser), '/password', { identifier: who.email, password: PASSWORD });

  /** Posts what the page's form would, as another page or another token would have it. */
  async function forge(
    browser: CookieBrowser,
    page: Page,
    action: string,
    {
      token,
      headers = SAME,
      fields = {},
    }: { token?: string | undefined; headers?: Record<string, string>; fields?: Record<string, string> },
  ) {
    const url = new URL(`${new URL(page.url).pathname}${action}`, server.issuer).href;
    const body = new URLSearchParams({ ...(token !== undefined && { _csrf: token }), ...fields });
    return await browser.request(url, { method: 'POST', body, headers });
  }

  const tokenOf = (page: Page, action: string) => formsOf(page).find((form) => form.action.endsWith(action))?.hidden._csrf ?? '';

  const credentials = () => ({ identifier: account.email, password: PASSWORD });

  for (const [why, headers] of [
    ['a foreign Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling’s Sec-Fetch-Site', { 'sec-fetch-site': 'same-site' }],
    ['a typed-in Sec-Fetch-Site', { 'sec-fetch-site': 'none' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['both foreign', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ] as const)
    it(`[security 69] ${why} is a 403, at the login and at the consent, and nothing happens`, async () => {
      const browser = new CookieBrowser();
      const page = await loginPage(browser);
      const answer = await forge(browser, page, '/password', { token: tokenOf(page, '/password'), headers, fields: credentials() });
      assert.equal(answer.status, 403);
      assert.ok((await browser.open(page.url)).html.includes('name="password"'), 'still to be signed in');
      const consent = await consentPage(browser);
      const decided = await forge(browser, consent, '/consent', {
        token: tokenOf(consent, '/consent'),
        headers,
        fields: { decision: 'allow' },
      });
      assert.equal(decided.status, 403);
      assert.deepEqual(await server.house.storage.artifacts.list('Grant', 'accountId', account.id), []);
      assert.ok((await browser.open(consent.url)).html.includes('value="allow"'), 'still to be decided');
    });

  it('[security 69] no token, a made-up one, and that of another interaction or browser are a 403', async () => {
    const browser = new CookieBrowser();
    const page = await loginPage(browser);
    const sameBrowser = await loginPage(browser);
    const elsewhere = await loginPage(new CookieBrowser());
    for (const token of [undefined, '', 'made-up', tokenOf(sameBrowser, '/password'), tokenOf(elsewhere, '/password'), 'x'.repeat(64)]) {
      const answer = await forge(browser, page, '/password', { token, fields: credentials() });
      assert.equal(answer.status, 403, token);
    }
    assert.ok((await browser.open(page.url)).html.includes('name="password"'));
    const good = await forge(browser, page, '/password', { token: tokenOf(page, '/password'), fields: credentials() });
    assert.equal(good.status, 303);
  });

  it('[security 69] signing somebody in from a foreign page does not work: the browser has no cookie for it', async () => {
    const attacker = new CookieBrowser();
    const page = await loginPage(attacker);
    const victim = new CookieBrowser();
    const answer = await forge(victim, page, '/password', { token: tokenOf(page, '/password'), fields: credentials(), headers: {} });
    assert.equal(answer.status, 400);
    assert.equal(victim.cookies.size, 0);
  });

  it('[security 69] every other form of a sign-in wants its token, too', async () => {
    const browser = new CookieBrowser();
    const page = await loginPage(browser);
    for (const [action, fields] of [
      ['/totp', { code: '123456' }],
      ['/recovery', { code: 'ABCD' }],
      ['/enrol', { code: '123456' }],
      ['/codes', { kept: '1' }],
      ['/account', { choice: 'continue' }],
      ['/consent', { decision: 'allow' }],
      ['/start-over', {}],
      ['/cancel', {}],
    ] as const)
      assert.equal((await forge(browser, page, action, { token: 'made-up', fields })).status, 403, action);
    assert.ok((await browser.open(page.url)).html.includes('name="password"'));
  });

  it('[security 69] links to set a password want their token', async () => {
    const person = await server.addAccount();
    const secret = await server.house.accounts.createPasswordLink(person, ORIGIN);
    const url = `${server.issuer}/password/${secret}`;
    const browser = new CookieBrowser();
    const page = await browser.open(url);
    const password = 'purple-elephants-read-maps-4';
    for (const [token, headers] of [
      ['made-up', SAME],
      [tokenOf(page, secret), { 'sec-fetch-site': 'cross-site' }],
      [tokenOf(page, secret), { origin: 'https://evil.example' }],
      [tokenOf(await new CookieBrowser().open(url), secret), SAME],
    ] as const)
      assert.equal((await forge(browser, page, '', { token, headers, fields: { password } })).status, 403);
    const done = await browser.submit(page, secret, { password });
    assert.equal(done.status, 200);
  });

  it('[security 69] signing out wants the engine’s token', async () => {
    const browser = new CookieBrowser();
    await client.authorize(browser, { identifier: account.email });
    for (const body of ['', 'logout=yes', 'logout=yes&xsrf=made-up']) {
      const answer = await browser.request(`${server.issuer}/oauth/logout/confirm`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
      });
      assert.equal(answer.status, 400, body);
    }
    const page = await client.request(browser, { prompt: 'none' });
    assert.ok(new URL(page.url).searchParams.get('code'), 'still signed in');
  });

  it('[security 71] an interaction somebody else began is refused in this browser', async () => {
    const attacker = new CookieBrowser();
    const page = await loginPage(attacker);
    const uid = page.url.split('/').at(-1);
    const victim = new CookieBrowser();
    await client.authorize(victim, { identifier: account.email });
    for (const path of [
      `/interaction/${uid}`,
      `/interaction/${uid}?as=another`,
      `/interaction/${uid}/recovery`,
      `/oauth/authorize/${uid}`,
    ]) {
      const answer = await victim.open(`${server.issuer}${path}`);
      assert.equal(answer.status, 400, path);
      assert.match(answer.html, /lost track/);
    }
    const consent = await consentPage(attacker, await server.addAccount());
    const stolen = await victim.open(consent.url);
    assert.equal(stolen.status, 400);
  });

  it('[security 71] a finished sign-in cannot be handed to another browser', async () => {
    const attacker = new CookieBrowser();
    const page = await loginPage(attacker);
    const answer = await forge(attacker, page, '/password', { token: tokenOf(page, '/password'), fields: credentials() });
    const resume = answer.headers.get('location') ?? '';
    assert.match(resume, /\/oauth\/authorize\//);
    const victim = new CookieBrowser();
    assert.equal((await victim.open(resume)).status, 400);
    const silent = await client.request(victim, { prompt: 'none' });
    assert.equal(new URL(silent.url).searchParams.get('error'), 'login_required');
  });

  it('[security 72] no step can be skipped or done again', async () => {
    const browser = new CookieBrowser();
    const page = await loginPage(browser);
    const token = tokenOf(page, '/password');
    const early = await forge(browser, page, '/consent', { token, fields: { decision: 'allow' } });
    assert.equal(early.headers.get('location'), new URL(page.url).pathname, 'consent before the login leads back to it');
    for (const [action, fields] of [
      ['/totp', { code: '123456' }],
      ['/codes', { kept: '1' }],
      ['/account', { choice: 'continue' }],
    ] as const) {
      const skipped = await forge(browser, page, action, { token, fields });
      assert.equal(skipped.headers.get('location'), new URL(page.url).pathname, action);
    }
    const resumed = await browser.open(page.url.replace('/interaction/', '/oauth/authorize/'));
    assert.ok(resumed.html.includes('name="password"'), 'resuming without a login leads to one');

    const newcomer = await server.addAccount();
    const consent = await browser.submit(resumed, '/password', { identifier: newcomer.email, password: PASSWORD });
    const consentToken = tokenOf(consent, '/consent');
    const done = await forge(browser, consent, '/consent', { token: consentToken, fields: { decision: 'deny' } });
    const refused = await browser.open(done.headers.get('location') ?? '');
    assert.equal(new URL(refused.url).searchParams.get('error'), 'access_denied');
    const replayed = await forge(browser, consent, '/consent', { token: consentToken, fields: { decision: 'allow' } });
    assert.equal(replayed.status, 410);
    const again = await browser.open(done.headers.get('location') ?? '');
    assert.equal(again.status, 400);
    assert.ok((await loginPage(browser)).html.includes('value="allow"'), 'nothing was granted');
  });
});
