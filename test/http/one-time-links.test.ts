import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '../../src/lib/digest.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { rawRequest } from '../support/raw-request.ts';
import { slowDown } from '../support/slow-storage.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

const FRESH = 'purple-elephants-read-maps-4';

describe('links to set a password', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  async function link() {
    const account = await server.addAccount();
    const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
    return { account, secret, url: `${server.issuer}/password/${secret}` };
  }

  it('[security 89] looking does not use a link up; setting the password does', async () => {
    const { secret, url } = await link();
    for (let looks = 0; looks < 3; looks++) assert.equal((await new CookieBrowser().open(url)).status, 200);
    assert.equal((await rawRequest(url, { method: 'HEAD' })).status, 200);
    const browser = new CookieBrowser();
    const page = await browser.open(url);
    assert.match(page.headers.get('cache-control') ?? '', /no-store/);
    const done = await browser.submit(page, secret, { password: FRESH });
    assert.equal(done.status, 200);
    assert.match(done.html, /Your password is set/);
    const again = await browser.submit(page, secret, { password: `${FRESH}-again` });
    assert.equal(again.status, 410);
    assert.equal((await browser.open(url)).status, 410);
  });

  it('[security 89] ten at once set one password', async () => {
    await using slow = await startServer();
    const account = await slow.addAccount();
    const secret = await slow.house.accounts.createPasswordLink(account, ORIGIN);
    const browser = new CookieBrowser();
    const page = await browser.open(`${slow.issuer}/password/${secret}`);
    slowDown(slow.house.storage);
    const passwords = Array.from({ length: 10 }, (_, index) => `${FRESH}-${index}-${'xyz'.repeat(index + 1)}`);
    const answers = await Promise.all(passwords.map((password) => browser.submit(page, secret, { password })));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array<number>(9).fill(410)]);
    const changes = await slow.house.storage.audit.list({ type: 'account.password_changed', limit: 20 });
    assert.equal(changes.length, 1);
  });

  it('[security 89] a link ends with its time, with a newer one, with a new password and with the account', async () => {
    const old = await link();
    const newer = await server.house.accounts.createPasswordLink(old.account, ORIGIN);
    assert.equal((await new CookieBrowser().open(old.url)).status, 410);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/password/${newer}`)).status, 200);
    await server.house.accounts.setDisabled(old.account, true, ORIGIN);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/password/${newer}`)).status, 410);
    await server.house.accounts.setDisabled(old.account, false, ORIGIN);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/password/${newer}`)).status, 410);
    const late = await link();
    server.clock.advance(1201);
    assert.equal((await new CookieBrowser().open(late.url)).status, 410);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/password/made-up`)).status, 410);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/setup/${late.secret}`)).status, 410, 'a link opens one thing');
  });

  it('[security 89] somebody who asks for a mail ends no invitation and no link made by hand; using one ends all', async () => {
    const person = await server.addAccount({ password: undefined });
    const { accounts } = server.house;
    const byHand = await accounts.createPasswordLink(person, ORIGIN);
    const { secret: invited } = await accounts.createMailedLink(person, 'invitation', ORIGIN);
    const { secret: first } = await accounts.createMailedLink(person, 'passwordLink', ORIGIN);
    const { secret: second } = await accounts.createMailedLink(person, 'passwordLink', ORIGIN);
    const live = async () =>
      await Promise.all([byHand, invited, first, second].map(async (secret) => Boolean(await accounts.peekPasswordLink(secret))));
    assert.deepEqual(await live(), [true, true, false, true]);
    assert.equal((await accounts.usePasswordLink(invited, 'purple-elephants-read-maps-4', ORIGIN))?.emailVerified, true);
    assert.deepEqual(await live(), [false, false, false, false]);
  });

  it('[security 89] only a digest of the link is stored', async () => {
    const { secret, account } = await link();
    const { links } = server.house.storage;
    const now = server.clock.now();
    assert.equal(await links.find(secret as Parameters<typeof links.find>[0], now), undefined);
    const stored = await links.find(sha256(secret) as Parameters<typeof links.find>[0], now);
    assert.equal(stored?.accountId, account.id);
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(secret));
    assert.ok(secret.length >= 43, '256 bits');
  });

  it('[security 56] a password that will not do is refused with the reason, and the link still works', async () => {
    const { account, secret, url } = await link();
    const browser = new CookieBrowser();
    const page = await browser.open(url);
    for (const [password, reason] of [
      ['short-but-odd7', /too short/],
      ['passwordpassword', /stolen or common|easy to guess/],
      ['qwertyuiopqwertyuiop', /stolen or common|easy to guess/],
      ['aaaaaaaaaaaaaaaaaaaa', /easy to guess/],
      [`gatehouse-gatehouse`, /mostly|easy to guess/],
      [`${account.email}`, /mostly|easy to guess/],
      ['x'.repeat(257), /too long/],
    ] as const) {
      const refused = await browser.submit(page, secret, { password });
      assert.equal(refused.status, 422, password);
      assert.match(refused.html, reason, password);
      assert.match(refused.html, /aria-invalid="true"/);
    }
    assert.equal(
      (await browser.submit(page, secret, { password: 'all lower case words without digits' })).status,
      200,
      'no rules about kinds of characters',
    );
  });

  it('[security 56] pasting is left alone', async () => {
    const { url } = await link();
    const { html } = await new CookieBrowser().open(url);
    assert.doesNotMatch(html, /onpaste/);
    assert.match(html, /autocomplete="new-password"/);
  });

  it('[security 90] whatever host a request claims, no link and no page names it', async () => {
    const { url } = await link();
    const path = new URL(url).pathname;
    for (const headers of [{ host: 'evil.test' }, { host: `evil.test:${new URL(url).port}` }])
      assert.equal((await rawRequest(url, { headers })).status, 421);
    const forwarded = await rawRequest(`${server.issuer}${path}`, {
      headers: { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test', 'x-original-host': 'evil.test' },
    });
    assert.equal(forwarded.status, 200);
    assert.doesNotMatch(forwarded.text, /evil\.test/);
  });
});

describe('the first administrator', () => {
  it('[security 109] of two who use the link at once one becomes it', async () => {
    await using server = await startServer();
    const secret = await server.house.accounts.createFirstAdministratorLink(ORIGIN);
    assert.ok(secret);
    const url = `${server.issuer}/setup/${secret}`;
    const browsers = [new CookieBrowser(), new CookieBrowser()];
    const pages = await Promise.all(browsers.map((browser) => browser.open(url)));
    slowDown(server.house.storage);
    const answers = await Promise.all(
      browsers.map((browser, index) => {
        const page = pages[index];
        assert.ok(page);
        return browser.submit(page, secret, { email: `admin${index}@example.com`, name: 'Admin', password: FRESH });
      }),
    );
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 410]);
    const people = await server.house.storage.accounts.list(undefined, { limit: 10 });
    assert.equal(people.filter(({ superAdministrator }) => superAdministrator).length, 1);
    assert.equal(people.length, 1);
    assert.equal(await server.house.accounts.createFirstAdministratorLink(ORIGIN), undefined);
  });

  it('[security 109] nobody is there before, and what is typed wrongly does not use the link up', async () => {
    await using server = await startServer();
    assert.deepEqual(await server.house.storage.accounts.list(undefined, { limit: 10 }), []);
    const secret = (await server.house.accounts.createFirstAdministratorLink(ORIGIN)) ?? '';
    const browser = new CookieBrowser();
    const page = await browser.open(`${server.issuer}/setup/${secret}`);
    const good = { email: 'admin@example.com', name: 'Admin', password: FRESH };
    for (const wrong of [{ email: 'no address' }, { password: 'short' }, { name: 'x'.repeat(200) }])
      assert.equal((await browser.submit(page, secret, { ...good, ...wrong })).status, 422);
    assert.equal((await browser.submit(page, secret, good)).status, 200);
    const [admin] = await server.house.storage.accounts.list(undefined, { limit: 10 });
    assert.deepEqual([admin?.role, admin?.superAdministrator, admin?.email], ['admin', true, 'admin@example.com']);
    assert.equal((await browser.open(`${server.issuer}/setup/${secret}`)).status, 410);
  });

  it('[security 109] an earlier link is dead once there is a newer one', async () => {
    await using server = await startServer();
    const first = await server.house.accounts.createFirstAdministratorLink(ORIGIN);
    const second = await server.house.accounts.createFirstAdministratorLink(ORIGIN);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/setup/${first}`)).status, 410);
    assert.equal((await new CookieBrowser().open(`${server.issuer}/setup/${second}`)).status, 200);
  });
});
