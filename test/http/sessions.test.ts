import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { PASSWORD, startServer } from '../support/start-server.ts';
import { openTlsGate } from '../support/tls-gate.ts';

const SESSION = 'gatehouse_session|/';

async function arrange(env: Record<string, string> = {}, onStart = (_port: number) => {}) {
  const server = await startServer(env);
  onStart(server.house.config.server.port);
  const account = await server.addAccount();
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  return { server, client, account, person: { identifier: account.email } };
}

const sessionOf = (browser: CookieBrowser) => browser.cookies.get(SESSION)?.value;

async function isSignedIn(client: ProtocolClient, browser: CookieBrowser): Promise<boolean> {
  const answer = new URL((await client.request(browser, { prompt: 'none' })).url).searchParams;
  if (answer.get('code')) return true;
  assert.equal(answer.get('error'), 'login_required');
  return false;
}

describe('browser sessions', () => {
  it('[security 70] the session’s id is new after each sign-in, and the old one is dead', async () => {
    const { server, client, account, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    const page = await client.request(browser);
    const before = sessionOf(browser);
    let next = await browser.submit(page, '/password', { ...person, password: PASSWORD });
    const first = sessionOf(browser);
    next = await browser.submit(next, '/consent', { decision: 'allow' });
    assert.ok(next.url.startsWith(CALLBACK));
    const allowed = sessionOf(browser);
    const stolen = new Map(browser.cookies);
    next = await client.request(browser, { prompt: 'login' });
    next = await browser.submit(next, '/password', { identifier: account.email, password: PASSWORD });
    const again = sessionOf(browser);
    const ids = [before, first, allowed, again];
    assert.equal(new Set(ids).size, 4, JSON.stringify(ids));
    const thief = new CookieBrowser();
    for (const [name, cookie] of stolen) thief.cookies.set(name, cookie);
    assert.equal(await isSignedIn(client, thief), false);
    assert.equal(await isSignedIn(client, browser), true);
  });

  it('[security 70] an id that somebody chose beforehand is not taken over', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    browser.cookies.set(SESSION, { value: 'chosen-by-the-attacker', path: '/' });
    await client.authorize(browser, person);
    assert.notEqual(sessionOf(browser), 'chosen-by-the-attacker');
    const attacker = new CookieBrowser();
    attacker.cookies.set(SESSION, { value: 'chosen-by-the-attacker', path: '/' });
    assert.equal(await isSignedIn(client, attacker), false);
  });

  for (const [scheme, name] of [
    ['http', 'gatehouse_session'],
    ['https', '__Host-gatehouse_session'],
  ] as const)
    it(`[security 73] cookies are HttpOnly and SameSite${scheme === 'https' ? ', Secure and __Host-' : ''}`, async () => {
      await using gate = await openTlsGate();
      const { server, client, person } = await arrange(scheme === 'https' ? gate.settings : {}, gate.leadTo);
      await using _server = server;
      const seen = new Map<string, string>();
      const browser = new CookieBrowser();
      const request = browser.request.bind(browser);
      browser.request = async (url, init) => {
        const response = await request(url, init);
        for (const line of response.headers.getSetCookie())
          if (!/expires=Thu, 01 Jan 1970/i.test(line)) seen.set(line.split('=')[0] ?? '', line);
        return response;
      };
      await client.authorize(browser, person);
      assert.ok(seen.has(name), [...seen.keys()].join());
      assert.ok(seen.size >= 6, [...seen.keys()].join());
      for (const [cookie, line] of seen) {
        assert.match(line, /; httponly/i, cookie);
        assert.match(line, /; samesite=lax/i, cookie);
        assert.doesNotMatch(line, /; domain=/i, cookie);
        assert.equal(/; secure/i.test(line), scheme === 'https', line);
        if (cookie.startsWith('__Host-')) assert.match(line, /; path=\/(;|$)/i);
      }
    });

  it('[security 73] forged, cut and foreign cookies are as good as none', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    await client.authorize(browser, person);
    const value = sessionOf(browser) ?? '';
    const signature = browser.cookies.get('gatehouse_session.sig|/')?.value ?? '';
    assert.ok(value && signature);
    for (const [id, sig] of [
      [value, ''],
      [value, signature.slice(0, -1)],
      [value, `${signature}A`],
      [value, signature.toLowerCase()],
      [value.slice(0, -1), signature],
      [`${value}A`, signature],
      ['', signature],
      ['%00', signature],
      ['x'.repeat(3000), signature],
      ['"; drop', signature],
    ] as const) {
      const forger = new CookieBrowser();
      forger.cookies.set(SESSION, { value: id, path: '/' });
      forger.cookies.set('gatehouse_session.sig|/', { value: sig, path: '/' });
      assert.equal(await isSignedIn(client, forger), false, `${id} ${sig}`);
      const page = await client.request(forger);
      assert.equal(page.status, 200);
      assert.ok(page.html.includes('name="password"'));
    }
  });

  it('[security 74] a session ends when it is not used, and in any case after a day', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const idle = new CookieBrowser();
    const busy = new CookieBrowser();
    await client.authorize(idle, person);
    await client.authorize(busy, person);
    for (let hours = 0; hours < 23; hours++) {
      server.clock.advance(3500);
      assert.equal(await isSignedIn(client, busy), true, `hour ${hours}`);
    }
    assert.equal(await isSignedIn(client, idle), false);
    server.clock.advance(3500);
    assert.equal(await isSignedIn(client, busy), true);
    server.clock.advance(86_400 - 24 * 3500 + 1);
    assert.equal(await isSignedIn(client, busy), false, 'however busy it is');
  });

  it('[security 74] asking each second does not carry a session past its end', async () => {
    const { server, client, person } = await arrange({
      GATEHOUSE_LIFETIMES__SESSION_ABSOLUTE: '100',
      GATEHOUSE_LIFETIMES__SESSION_IDLE: '100',
    });
    await using _server = server;
    const browser = new CookieBrowser();
    await client.authorize(browser, person);
    server.clock.advance(95);
    assert.equal(await isSignedIn(client, browser), true);
    server.clock.advance(6);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('[security 74] who asks to stay signed in does, for thirty days at most', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    const page = await client.request(browser);
    const consent = await browser.submit(page, '/password', { ...person, password: PASSWORD, remember: '1' });
    await browser.submit(consent, '/consent', { decision: 'allow' });
    for (let days = 0; days < 29; days++) {
      server.clock.advance(86_400);
      assert.equal(await isSignedIn(client, browser), true, `day ${days}`);
    }
    server.clock.advance(86_401);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('[security 75] after signing out the cookie of before opens nothing', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    await client.authorize(browser, person);
    const kept = new Map(browser.cookies);
    const page = await browser.open(`${server.issuer}/oauth/logout`);
    const done = await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    assert.match(done.html, /You are signed out/);
    assert.equal(await isSignedIn(client, browser), false);
    const thief = new CookieBrowser();
    for (const [name, cookie] of kept) thief.cookies.set(name, cookie);
    assert.equal(await isSignedIn(client, thief), false);
    assert.ok((await client.request(thief)).html.includes('name="password"'));
  });

  it('[security 75] two people on one browser share neither session nor tokens', async () => {
    const { server, client, person } = await arrange();
    await using _server = server;
    const second = await server.addAccount();
    const browser = new CookieBrowser();
    const first = await tokensOf(client, person, { browser, parameters: { scope: 'openid' } });
    const before = sessionOf(browser);
    const request = await authorizationRequest(client.config, { prompt: 'login', scope: 'openid' });
    const page = await browser.open(request.url);
    const other = await browser.submit(page, '/start-over');
    let next = await browser.submit(other, '/password', { identifier: second.email, password: PASSWORD });
    next = await browser.submit(next, '/oauth/logout/confirm');
    next = await browser.submit(next, '/consent', { decision: 'allow' });
    const code = new URL(next.url).searchParams.get('code') ?? '';
    const tokens = (await client.exchange({ code, request, callback: new URL(next.url) })).json;
    assert.equal(decodeJwt(String(tokens.id_token)).sub, second.id);
    assert.notEqual(sessionOf(browser), before);
    assert.deepEqual((await client.introspect(first.access_token)).json, { active: false }, 'the first one’s session is over');
    assert.equal((await client.introspect(tokens.access_token)).json.sub, second.id);
    const thief = new CookieBrowser();
    thief.cookies.set(SESSION, { value: before ?? '', path: '/' });
    assert.equal(await isSignedIn(client, thief), false);
  });
});
