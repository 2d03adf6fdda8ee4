import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { openStart, plain, proveAsAlice, signInAsAlice } from '../support/demo-visitor.ts';
import { freePort } from '../support/free-port.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('what can go wrong in the demo application', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ GATEHOUSE_DEMO: 'on' });
  });
  after(() => server[Symbol.asyncDispose]());

  function isPage(page: Page, status: number, title: string): void {
    assert.equal(page.status, status, page.html.slice(0, 400));
    assert.ok(plain(page.html).includes(title), plain(page.html));
    assert.match(page.html, /href="\/demo"[^>]*>.*Back to Parcel Desk/, 'there is a way back');
    assert.equal(page.headers.get('cache-control'), 'no-store');
  }

  it('says so when the person does not allow it', async () => {
    const { browser, consent } = await proveAsAlice(server);
    const refused = await browser.submit(consent, '/consent', { decision: 'deny' });
    isPage(refused, 403, 'You didn’t let Parcel Desk in');
    isPage(await browser.open(`${server.issuer}/demo/result`), 400, 'Parcel Desk has forgotten this sign-in');
  });

  it('takes no answer with a state it did not give to this browser', async () => {
    const { browser } = await openStart(server);
    isPage(await browser.open(`${server.issuer}/demo/callback?code=x&state=y`), 400, 'This answer fits no sign-in of yours');
    isPage(await browser.open(`${server.issuer}/demo/callback`), 400, 'This answer fits no sign-in of yours');
  });

  it('takes no answer meant for another browser', async () => {
    const { browser, consent } = await proveAsAlice(server);
    const asked = consent.html.includes('value="allow"');
    const stolen = await stopAtCallback(browser, consent, asked);
    const thief = new CookieBrowser();
    await thief.open(`${server.issuer}/demo/sign-in`);
    isPage(await thief.open(stolen), 400, 'This answer fits no sign-in of yours');
  });

  it('takes each answer once', async () => {
    const { browser, consent } = await proveAsAlice(server);
    const callback = await stopAtCallback(browser, consent, consent.html.includes('value="allow"'));
    assert.equal((await browser.open(callback)).url, `${server.issuer}/demo/result`);
    isPage(await browser.open(callback), 400, 'This answer fits no sign-in of yours');
  });

  it('refuses an answer of another issuer, and a code that opens nothing', async () => {
    const { browser } = await openStart(server);
    const begun = async () => {
      const response = await browser.request(`${server.issuer}/demo/sign-in`);
      return new URL(response.headers.get('location') ?? '').searchParams.get('state');
    };
    const foreign = new URLSearchParams({ code: 'x', state: (await begun()) ?? '', iss: 'https://id.example.com' });
    isPage(await browser.open(`${server.issuer}/demo/callback?${foreign}`), 400, 'Parcel Desk didn’t accept that answer');
    const wrong = new URLSearchParams({ code: 'x', state: (await begun()) ?? '', iss: server.issuer });
    isPage(await browser.open(`${server.issuer}/demo/callback?${wrong}`), 400, 'The code opened nothing');
  });

  it('forgets a sign-in after an hour', async () => {
    const { browser } = await signInAsAlice(server);
    server.clock.advance(3601);
    isPage(await browser.open(`${server.issuer}/demo/result`), 400, 'Parcel Desk has forgotten this sign-in');
  });

  it('says so when the tokens can’t be renewed', async () => {
    const { browser, result } = await signInAsAlice(server);
    const alice = await server.house.accounts.resolve('alice');
    await server.house.accounts.setDisabled(alice, true, { requestId: 'test', ip: 'test' });
    try {
      assert.match(plain((await browser.submit(result, '/demo/try#call', { try: 'call' })).html), /401 in/);
      isPage(await browser.submit(result, '/demo/refresh'), 400, 'Gatehouse doesn’t renew these tokens');
      isPage(await browser.open(`${server.issuer}/demo/result`), 400, 'Parcel Desk has forgotten this sign-in');
    } finally {
      await server.house.accounts.setDisabled(await server.house.accounts.resolve('alice'), false, { requestId: 'test', ip: 'test' });
    }
  });

  it('takes no form from another site or without its token', async () => {
    const { browser } = await signInAsAlice(server);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const path of ['try', 'refresh', 'sign-out']) {
      const body = new URLSearchParams({ _csrf: 'made-up', ...(path === 'try' && { try: 'call' }) });
      const page = await browser.open(`${server.issuer}/demo/${path}`, { method: 'POST', headers: form, body });
      assert.equal(page.status, 403, path);
    }
  });

  it('says so when Gatehouse can’t be reached under its own address', async () => {
    const port = await freePort();
    await using unreachable = await startServer({ GATEHOUSE_DEMO: 'on', GATEHOUSE_ISSUER: `http://localhost:${port}` });
    const url = `http://localhost:${unreachable.house.config.server.port}/demo/sign-in`;
    const { status, text } = await rawRequest(url, { headers: { host: `localhost:${port}`, accept: 'text/html' } });
    assert.equal(status, 502);
    assert.match(plain(text), /Parcel Desk can’t reach Gatehouse/);
  });

  /** The address Gatehouse sends the browser to, not followed. */
  async function stopAtCallback(browser: CookieBrowser, page: Page, asked: boolean): Promise<string> {
    let next: string;
    if (asked) {
      const csrf = /name="_csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
      const action = /<form[^>]*action="([^"]*\/consent)"/.exec(page.html)?.[1] ?? '';
      const response = await browser.request(new URL(action, page.url).href, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: csrf, decision: 'allow' }),
      });
      next = response.headers.get('location') ?? '';
    } else next = (await browser.request(`${server.issuer}/demo/sign-in`)).headers.get('location') ?? '';
    while (!next.startsWith(`${server.issuer}/demo/callback`)) {
      const response = await browser.request(new URL(next, server.issuer).href);
      next = response.headers.get('location') ?? assert.fail(`no redirect at ${next}: ${await response.text()}`);
    }
    return next;
  }
});
