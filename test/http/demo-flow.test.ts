import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { generate } from 'otplib';
import { epochSeconds } from '../../src/lib/clock.ts';
import type { CookieBrowser, Page } from '../support/cookie-browser.ts';
import { accessTokenOn, openStart, plain, signInAsAlice } from '../support/demo-visitor.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('the demo application', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ GATEHOUSE_DEMO: 'on' });
  });
  after(() => server[Symbol.asyncDispose]());

  const press = (browser: CookieBrowser, page: Page, tried: string) => browser.submit(page, '/demo/try#call', { try: tried });

  it('signs Alice in with password and TOTP, and shows every step and the API’s answer', async () => {
    const { browser, result } = await signInAsAlice(server);
    assert.equal(result.status, 200);
    assert.equal(result.url, `${server.issuer}/demo/result`, 'no code stays in the address');
    const text = plain(result.html);
    for (const words of [
      'Alice Martin',
      'You sign in: password, then code',
      '200, the interactions',
      'int-20417',
      'Password and authenticator',
    ])
      assert.ok(text.includes(words), words);
    const steps = [...result.html.matchAll(/<p class="sent"><code><b>(\w+)<\/b> ([^<]+)</g)].map(([, method, url = '']) => [
      method,
      url.replace(server.issuer, ''),
    ]);
    assert.deepEqual(steps, [
      ['GET', '/demo/sign-in'],
      ['GET', '/oauth/authorize'],
      ['GET', '/demo/callback'],
      ['POST', '/oauth/token'],
      ['GET', '/oauth/jwks'],
      ['GET', '/demo/api/interactions'],
      ['POST', '/oauth/introspect'],
    ]);
    const claims = decodeJwt(accessTokenOn(result));
    assert.equal(claims.scope, 'read:interactions', 'write:policies was asked for, and a viewer can’t hand it over');
    assert.equal(claims.client_id, 'parcel-desk');
    assert.deepEqual(
      [...browser.cookies.keys()].filter((key) => key.startsWith('parcel_desk')),
      ['parcel_desk|/demo'],
    );
  });

  it('never caches its pages, and keeps its cookie from scripts and other sites', async () => {
    const { browser } = await openStart(server);
    const response = await browser.request(`${server.issuer}/demo/sign-in`);
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith('parcel_desk=')) ?? '';
    assert.match(cookie, /; path=\/demo; samesite=lax; httponly/);
    assert.equal(response.headers.get('cache-control'), 'no-store');
  });

  it('has another cookie after the sign-in than before', async () => {
    const { browser, start } = await openStart(server);
    const login = await browser.open(`${server.issuer}/demo/sign-in`);
    const before = browser.cookies.get('parcel_desk|/demo')?.value;
    const totp = await browser.submit(login, '/password', { identifier: 'alice', password: start.passwords[0] ?? '' });
    const result = await browser.submit(totp, '/totp', { code: start.code });
    assert.equal(result.url, `${server.issuer}/demo/result`);
    const after = browser.cookies.get('parcel_desk|/demo')?.value;
    assert.ok(before && after);
    assert.notEqual(after, before);
  });

  it('asks nothing again while Gatehouse knows the browser', async () => {
    const { browser } = await signInAsAlice(server);
    // The engine counts whole seconds of real time.
    await setTimeout(2500);
    const again = await browser.open(`${server.issuer}/demo/sign-in`);
    assert.equal(again.url, `${server.issuer}/demo/result`);
    assert.match(plain(again.html), /You are signed in already/);
  });

  it('keeps two sign-ins apart that began in two tabs', async () => {
    const { browser, start } = await openStart(server);
    const first = await browser.open(`${server.issuer}/demo/sign-in`);
    await browser.open(`${server.issuer}/demo/sign-in`);
    const totp = await browser.submit(first, '/password', { identifier: 'alice', password: start.passwords[0] ?? '' });
    const result = await browser.submit(totp, '/totp', { code: start.code });
    assert.equal(result.url, `${server.issuer}/demo/result`);
  });

  const tries = [
    { tried: 'call', status: 200, says: 'Depot Bergen' },
    { tried: 'forbidden', status: 403, says: 'error="insufficient_scope"' },
    { tried: 'expired', status: 401, says: 'X-Demo-Clock has put the clock of this API to' },
    { tried: 'tampered', status: 401, says: 'The signature does not fit the token.' },
    { tried: 'revoked', status: 401, says: 'By its signature and age alone it would have passed until' },
  ];
  for (const { tried, status, says } of tries) {
    it(`shows what the API answers to: ${tried}`, async () => {
      const { browser, result } = await signInAsAlice(server);
      const page = await press(browser, result, tried);
      assert.equal(page.url, `${server.issuer}/demo/result#call`);
      const text = plain(page.html);
      assert.match(text, new RegExp(`${status} in \\d+ ms`));
      assert.ok(text.includes(says), text.slice(text.indexOf(' in '), text.indexOf('Call again')));
    });
  }

  it('calls with the revoked token until it signs in again, and offers no refresh with it', async () => {
    const { browser, result } = await signInAsAlice(server);
    const revoked = await press(browser, result, 'revoked');
    assert.match(plain(revoked.html), /Access token Revoked/);
    assert.ok(!revoked.html.includes('action="/demo/refresh"'));
    assert.match(plain((await press(browser, revoked, 'call')).html), /401 in/);
    const again = await browser.open(`${server.issuer}/demo/sign-in`);
    assert.match(plain((await press(browser, again, 'call')).html), /200 in/);
  });

  it('refreshes: new tokens, and the old refresh token is used up', async () => {
    const { browser, result } = await signInAsAlice(server);
    const once = await browser.submit(result, '/demo/refresh');
    assert.match(plain(once.html), /Refreshed once\./);
    assert.notEqual(accessTokenOn(once), accessTokenOn(result));
    const twice = await browser.submit(once, '/demo/refresh');
    assert.match(plain(twice.html), /Refreshed 2 times\./);
    assert.match(plain((await press(browser, twice, 'call')).html), /200 in/);
  });

  it('sends one refresh after the other when the button is pressed many times at once', async () => {
    const { browser, result } = await signInAsAlice(server);
    const pages = await Promise.all([1, 2, 3, 4].map(() => browser.submit(result, '/demo/refresh')));
    assert.deepEqual(
      pages.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.match(plain((await browser.open(`${server.issuer}/demo/result`)).html), /Refreshed 4 times\./);
  });

  it('signs out at Gatehouse too, and comes back to its start page', async () => {
    const { browser, result } = await signInAsAlice(server);
    const question = await browser.submit(result, '/demo/sign-out');
    assert.match(plain(question.html), /Parcel Desk asks for it/);
    const start = await browser.submit(question, '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal(start.url, `${server.issuer}/demo`);
    const login = await browser.open(`${server.issuer}/demo/sign-in`);
    assert.ok(login.html.includes('name="password"'), 'Gatehouse asks for the password again');
  });

  it('has the administrator set up an authenticator, and lets them change policies', async () => {
    const { browser, start } = await openStart(server);
    const login = await browser.open(`${server.issuer}/demo/sign-in`);
    const enrol = await browser.submit(login, '/password', { identifier: 'nora', password: start.passwords[1] ?? '' });
    const secret = plain(/id="key"[^>]*>([^<]+)</.exec(enrol.html)?.[1] ?? '').replaceAll(' ', '');
    const code = await generate({ secret, epoch: epochSeconds(server.clock.now()) });
    const codes = await browser.submit(enrol, '/enrol', { code });
    const consent = await browser.submit(codes, '/codes', { kept: '1' });
    const result = await browser.submit(consent, '/consent', { decision: 'allow' });
    assert.equal(decodeJwt(accessTokenOn(result)).scope, 'read:interactions write:policies');
    assert.match(plain((await press(browser, result, 'forbidden')).html), /201 in/);
  });
});
