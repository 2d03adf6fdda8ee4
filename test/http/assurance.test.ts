import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type Answer, type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { type AuthorizationRequest, authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const errorOf = (page: Page) => new URL(page.url).searchParams.get('error');
const asksForCode = (page: Page) => page.html.includes('autocomplete="one-time-code"');

async function arrange() {
  const server = await startServer();
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  return { server, client };
}

async function enrolled(server: TestServer) {
  const account = await server.addAccount();
  const secret = newTotpSecret();
  await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
  toNextStep(server);
  return { account, secret };
}

async function exchange(client: ProtocolClient, page: Page, request: AuthorizationRequest): Promise<Answer['json']> {
  assert.ok(page.url.startsWith(CALLBACK), `${page.status} ${page.url}`);
  const callback = new URL(page.url);
  return (await client.exchange({ code: callback.searchParams.get('code') ?? '', callback, request })).json;
}

const proofOf = (token: unknown) => {
  const { acr, amr } = decodeJwt(String(token));
  return [acr, amr];
};

describe('how sure the server is of a person', () => {
  it('[security 86] acr and amr tell what was proved, in the ID token, the access token, at introspection and after a refresh', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const { account, secret } = await enrolled(server);
    const browser = new CookieBrowser();
    const request = await authorizationRequest(client.config);
    let page = await browser.open(request.url);
    page = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    assert.ok(asksForCode(page));
    page = await browser.submit(page, '/totp', { code: await codeAt(server, secret) });
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    const tokens = await exchange(client, page, request);
    const proof = ['aal2', ['pwd', 'otp', 'mfa']];
    assert.deepEqual(proofOf(tokens.id_token), proof);
    assert.deepEqual(proofOf(tokens.access_token), proof);
    const state = (await client.introspect(tokens.access_token)).json;
    assert.deepEqual([state.acr, state.amr], proof);
    const refreshed = (await client.refresh(tokens.refresh_token)).json;
    assert.deepEqual(proofOf(refreshed.access_token), proof);
    assert.deepEqual(proofOf(refreshed.id_token), proof);
    assert.equal(decodeJwt(String(refreshed.id_token)).auth_time, decodeJwt(String(tokens.id_token)).auth_time);
  });

  it('[security 86] the code is asked for in every new sign-in, on known devices and after a new password', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const { account, secret } = await enrolled(server);
    const known = new CookieBrowser();
    const begin = async (browser: CookieBrowser, password = PASSWORD) =>
      await browser.submit(await client.request(browser, { prompt: 'login' }), '/password', { identifier: account.email, password });
    const first = await begin(known);
    await known.submit(first, '/totp', { code: await codeAt(server, secret) });
    assert.ok(asksForCode(await begin(known)), 'a known device');

    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    const browser = new CookieBrowser();
    const fresh = 'purple-elephants-read-maps-4';
    const done = await browser.submit(await browser.open(`${server.issuer}/password/${link}`), link, { password: fresh });
    assert.equal(done.status, 200);
    const silent = await client.request(browser, { prompt: 'none' });
    assert.equal(errorOf(silent), 'login_required', '[security 91] a new password signs nobody in');
    assert.ok(asksForCode(await begin(browser, fresh)));
    const waiting = await client.request(browser, { prompt: 'none' });
    assert.equal(errorOf(waiting), 'login_required', 'half a sign-in is none');
  });

  it('[security 86] the resume address and the pages behind the code do not lead round it', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const { account } = await enrolled(server);
    const browser = new CookieBrowser();
    const page = await browser.submit(await client.request(browser), '/password', { identifier: account.email, password: PASSWORD });
    const resumed = await browser.open(page.url.replace('/interaction/', '/oauth/authorize/'));
    assert.ok(resumed.html.includes('name="password"'), 'the sign-in begins anew');
    assert.equal(errorOf(await client.request(browser, { prompt: 'none' })), 'login_required');
  });

  it('[security 86] acr_values=aal2 is not met by a password, and then asks for the code alone', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    await client.authorize(browser, { identifier: account.email });
    const silent = await client.request(browser, { prompt: 'none', acr_values: 'aal2' });
    assert.equal(errorOf(silent), 'unmet_authentication_requirements');

    const secret = newTotpSecret();
    await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
    toNextStep(server);
    const before = browser.cookies.get('gatehouse_session|/')?.value;
    const request = await authorizationRequest(client.config, { acr_values: 'aal2' });
    const page = await browser.open(request.url);
    assert.ok(asksForCode(page), page.html.slice(0, 300));
    const done = await browser.submit(page, '/totp', { code: await codeAt(server, secret) });
    const tokens = await exchange(client, done, request);
    assert.deepEqual(proofOf(tokens.id_token), ['aal2', ['pwd', 'otp', 'mfa']]);
    assert.notEqual(browser.cookies.get('gatehouse_session|/')?.value, before, '[security 70] stepping up gives the session a new id');
    assert.equal(errorOf(await client.request(browser, { prompt: 'none', acr_values: 'aal2' })), null);
    const other = new CookieBrowser();
    other.cookies.set('gatehouse_session|/', { value: before ?? '', path: '/' });
    assert.equal(errorOf(await client.request(other, { prompt: 'none' })), 'login_required');
  });

  it('an administrator sets up an app at the first sign-in, keeps the codes, and has two factors from then on', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const admin = await server.addAccount({ role: 'admin' });
    const browser = new CookieBrowser();
    const request = await authorizationRequest(client.config);
    let page = await browser.open(request.url);
    page = await browser.submit(page, '/password', { identifier: admin.email, password: PASSWORD });
    const key = /id="key"[^>]*>([A-Z2-7 ]+)</.exec(page.html)?.[1]?.replaceAll(' ', '') ?? '';
    assert.ok(key.length >= 32, 'at least 160 bits');
    const wrong = await browser.submit(page, '/enrol', { code: '000000' });
    assert.equal(wrong.status, 401);
    assert.ok(wrong.html.replaceAll(' ', '').includes(key), 'the same key is still on offer');
    const codes = await browser.submit(page, '/enrol', { code: await codeAt(server, key) });
    assert.match(codes.html, /Keep these recovery codes/);
    assert.match(codes.headers.get('cache-control') ?? '', /no-store/);
    const unkept = await browser.submit(codes, '/codes');
    assert.match(unkept.html, /aren’t kept yet/);
    page = await browser.submit(codes, '/codes', { kept: '1' });
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    assert.deepEqual(proofOf((await exchange(client, page, request)).id_token), ['aal2', ['pwd', 'otp', 'mfa']]);
    toNextStep(server);
    const again = new CookieBrowser();
    const next = await again.submit(await client.request(again), '/password', { identifier: admin.email, password: PASSWORD });
    assert.ok(asksForCode(next) && !next.html.includes('id="key"'));
  });

  it('[security 86] whoever is made an administrator proves a second factor before going on', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    await client.authorize(browser, { identifier: account.email });
    await server.house.accounts.setRole(account, 'admin', ORIGIN);
    assert.equal(errorOf(await client.request(browser, { prompt: 'none' })), 'unmet_authentication_requirements');
    const page = await client.request(browser);
    assert.ok(page.html.includes('name="password"'), 'a session alone, which may be stolen, sets nothing up');
    const next = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    assert.match(next.html, /Set up your authenticator app/);
  });

  it('[security 86] setting up an app is not a way round the one that is there', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const { account } = await enrolled(server);
    const browser = new CookieBrowser();
    const page = await browser.submit(await client.request(browser), '/password', { identifier: account.email, password: PASSWORD });
    const [, csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(page.html) ?? [];
    for (const [action, fields] of [
      ['enrol', { code: '000000' }],
      ['codes', { kept: '1' }],
    ] as const) {
      const response = await browser.request(`${page.url}/${action}`, {
        method: 'POST',
        body: new URLSearchParams({ _csrf: csrf, ...fields }),
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      assert.equal(response.headers.get('location'), new URL(page.url).pathname, action);
    }
    assert.equal(errorOf(await client.request(browser, { prompt: 'none' })), 'login_required');
  });
});
