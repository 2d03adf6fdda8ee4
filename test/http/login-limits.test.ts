import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loginKey } from '../../src/domain/accounts/account.ts';
import { sha256 } from '../../src/lib/digest.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const rule = (limit: number, window = 900, block = 900) => JSON.stringify({ limit, window, block });
const BEHIND_PROXY = { GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]' };
const MANY_TRIES = { ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(1000) };
const WRONG = 'not-the-password-at-all';

async function arrange(env: Record<string, string>) {
  const server = await startServer(env);
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  return { server, client, person: await server.addAccount({ username: 'bob' }) };
}

/** One try from an address, in a browser of its own unless one is given. */
async function attempt(
  client: ProtocolClient,
  identifier: string,
  { password = WRONG, from = '203.0.113.1', browser = browserAt(from) } = {},
): Promise<Page> {
  const page = await client.request(browser, { scope: 'openid', prompt: 'login' });
  return await browser.submit(page, '/password', { identifier, password });
}

function browserAt(address: string): CookieBrowser {
  return new CookieBrowser({ 'x-forwarded-for': address });
}

const isIn = (page: Page) => page.html.includes('value="allow"') || page.url.startsWith(CALLBACK);
/** How many were counted before this look, which counts too. */
const countedFor = async (server: TestServer, kind: 'account' | 'total', name: string) => {
  const key = `login:${kind}:${sha256(`name ${loginKey(name)}`)}`;
  const state = await server.house.storage.counters.hit(key, { limit: 1, windowSeconds: 1, blockSeconds: 1 }, server.clock.now());
  return state.count - 1;
};

describe('how often one may guess', () => {
  it('[security 61] after a hundred failures from anywhere no guess is looked at; a new password opens the account again', async () => {
    const { server, client, person } = await arrange({ ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(10, 60, 60) });
    await using _server = server;
    const page = await client.request(browserAt('203.0.113.1'), { scope: 'openid' });
    assert.ok(page.html.includes('name="password"'));
    for (let failures = 0; failures < 100; failures++) {
      if (failures % 10 === 0) server.clock.advance(61);
      const { status } = await attempt(client, person.email, { from: `198.51.100.${failures}` });
      assert.equal(status, 401, `failure ${failures}`);
    }
    server.clock.advance(3600);
    const right = await attempt(client, person.email, { password: PASSWORD, from: '192.0.2.7' });
    assert.equal(right.status, 429);
    assert.ok(!isIn(right));
    const secret = await server.house.accounts.createPasswordLink(person, ORIGIN);
    const fresh = 'purple-elephants-read-maps-4';
    await server.house.accounts.usePasswordLink(secret, fresh, ORIGIN);
    assert.ok(isIn(await attempt(client, person.email, { password: fresh, from: '192.0.2.7' })));
  });

  it('[security 61] a name pauses for a while, with the time to come back; success starts the count anew', async () => {
    const { server, client, person } = await arrange({ ...MANY_TRIES, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(3) });
    await using _server = server;
    for (const name of [person.email, 'nobody@example.com']) {
      for (let tries = 0; tries < 3; tries++) assert.equal((await attempt(client, name)).status, 401);
      const paused = await attempt(client, name, { password: PASSWORD });
      assert.equal(paused.status, 429, `${name}: the right password, too`);
      assert.ok(Number(paused.headers.get('retry-after')) > 800);
      assert.match(paused.html, /paused until \d\d:\d\d UTC/);
    }
    server.clock.advance(901);
    for (let round = 0; round < 3; round++) {
      for (let tries = 0; tries < 2; tries++) assert.equal((await attempt(client, person.email)).status, 401);
      assert.ok(isIn(await attempt(client, person.email, { password: PASSWORD })));
    }
  });

  it('[security 62] an attacker elsewhere does not keep out a browser that signed in before', async () => {
    const { server, client, person } = await arrange({ ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(10) });
    await using _server = server;
    const own = browserAt('192.0.2.1');
    assert.ok(isIn(await attempt(client, person.email, { password: PASSWORD, browser: own })));
    for (let failures = 0; failures < 50; failures++) await attempt(client, person.email, { from: `203.0.113.${failures % 10}` });
    assert.equal((await attempt(client, person.email, { password: PASSWORD, from: '198.51.100.1' })).status, 429, 'a strange device waits');
    assert.ok(isIn(await attempt(client, person.email, { password: PASSWORD, browser: own })));
    server.clock.advance(901);
    assert.ok(isIn(await attempt(client, person.email, { password: PASSWORD, from: '198.51.100.1' })), 'for as long as was said');
  });

  it('[security 62] a known device has a count of its own, and is known for its own person only', async () => {
    const { server, client, person } = await arrange({ ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(3) });
    await using _server = server;
    const other = await server.addAccount();
    const device = browserAt('192.0.2.1');
    assert.ok(isIn(await attempt(client, person.email, { password: PASSWORD, browser: device })));
    for (let tries = 0; tries < 3; tries++) assert.equal((await attempt(client, person.email, { browser: device })).status, 401);
    assert.equal((await attempt(client, person.email, { browser: device })).status, 429);
    for (let tries = 0; tries < 3; tries++) await attempt(client, other.email, { from: '203.0.113.9' });
    assert.equal((await attempt(client, other.email, { password: PASSWORD, browser: device })).status, 429);
  });

  it('[security 63] every spelling of a name adds to one count', async () => {
    const { server, client, person } = await arrange({ ...MANY_TRIES, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(6) });
    await using _server = server;
    for (const name of ['bob', 'BOB', ' Bob', 'ｂｏｂ', 'b\u200bob', 'bob ']) assert.equal((await attempt(client, name)).status, 401, name);
    for (const name of ['bob', 'ＢＯＢ']) assert.equal((await attempt(client, name, { password: PASSWORD })).status, 429);
    assert.equal((await attempt(client, person.email)).status, 401, 'which two names are one person stays unsaid');
    assert.ok(isIn(await attempt(client, person.email.toUpperCase(), { password: PASSWORD })));
    assert.ok(isIn(await attempt(client, 'bob', { password: PASSWORD })), 'success starts both counts anew');
  });

  it('[security 64] what a stranger says of its address changes nothing', async () => {
    const { server, client } = await arrange({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(5) });
    await using _server = server;
    for (let tries = 0; tries < 5; tries++) {
      const browser = new CookieBrowser({
        'x-forwarded-for': `203.0.113.${tries}`,
        forwarded: `for=203.0.113.${tries}`,
        'x-real-ip': `203.0.113.${tries}`,
      });
      assert.equal((await attempt(client, `somebody${tries}`, { browser })).status, 401);
    }
    const sixth = await attempt(client, 'somebody-else', { browser: new CookieBrowser({ 'x-forwarded-for': '203.0.113.99' }) });
    assert.equal(sixth.status, 429);
    const [entry] = await server.house.storage.audit.list({ type: 'login.paused', limit: 1 });
    assert.match(entry?.ip ?? '', /^(::1|127\.0\.0\.1|::ffff:127\.0\.0\.1)$/);
  });

  it('[security 64] behind a trusted proxy the last untrusted address counts, and nonsense is the proxy’s own', async () => {
    const { server, client } = await arrange({ ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(2) });
    await using _server = server;
    for (const from of ['203.0.113.5', '6.6.6.6, 203.0.113.5', '6.6.6.6, 7.7.7.7,203.0.113.5'].slice(0, 2))
      assert.equal((await attempt(client, 'somebody', { from })).status, 401, from);
    assert.equal((await attempt(client, 'somebody', { from: '9.9.9.9, 203.0.113.5' })).status, 429);
    const statuses: number[] = [];
    for (const from of ['nonsense', '<script>', '999.999.1.1', '203.0.113.5:80x'])
      statuses.push((await attempt(client, 'somebody', { from })).status);
    assert.deepEqual(statuses, [401, 401, 429, 429]);
  });

  it('[security 65] the addresses of one /64, however they are spelled, are one', async () => {
    const { server, client } = await arrange({ ...BEHIND_PROXY, GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(4) });
    await using _server = server;
    const spellings = ['2001:db8:1:2::1', '2001:0db8:0001:0002:ffff:ffff:ffff:ffff', '2001:DB8:1:2:0:0:0:1', '2001:db8:1:2:abcd::'];
    for (const from of spellings) assert.equal((await attempt(client, 'somebody', { from })).status, 401, from);
    assert.equal((await attempt(client, 'somebody', { from: '2001:db8:1:2::99' })).status, 429);
    assert.equal((await attempt(client, 'somebody', { from: '2001:db8:1:3::1' })).status, 401, 'the next network is somebody else');
    for (const from of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '192.0.2.1'])
      assert.equal((await attempt(client, 'somebody', { from })).status, 401, from);
    assert.equal((await attempt(client, 'somebody', { from: '192.0.2.1' })).status, 429);
  });

  it('[security 66] fifty failures at once are counted as fifty', async () => {
    const roomy = rule(1000);
    const { server, client, person } = await arrange({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: roomy, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: roomy });
    await using _server = server;
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const fail = () => browser.submit(page, '/password', { identifier: person.email, password: WRONG });
    const answers = await Promise.all(Array.from({ length: 50 }, fail));
    assert.ok(answers.every(({ status }) => status === 401));
    assert.equal(await countedFor(server, 'account', person.email), 50);
    assert.equal(await countedFor(server, 'total', person.email), 50);
  });

  it('[security 66] of fifty guesses at once no more are looked at than one after the other', async () => {
    const { server, client, person } = await arrange({
      GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(1000),
      GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(10),
    });
    await using _server = server;
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => browser.submit(page, '/password', { identifier: person.email, password: WRONG })),
    );
    assert.equal(answers.filter(({ status }) => status === 401).length, 10);
    assert.equal(answers.filter(({ status }) => status === 429).length, 40);
  });
});
