import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { Worker } from 'node:worker_threads';
import { PasswordHasher } from '../../src/domain/accounts/password-hasher.ts';
import type { PasswordJob } from '../../src/domain/accounts/password-worker.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

/** A cookie without what is new in every interaction and every second. */
const shapeOf = (cookie: string) =>
  cookie
    .replace(/=[^;]*/, '=VALUE')
    .replace(/\/interaction\/[\w-]+/, '/interaction/ID')
    .replace(/expires=[^;]*/, 'expires=DATE');

/** An answer without what differs between any two of them, whoever asks. */
function comparable(page: Page, typed: string) {
  const html = page.html
    .replaceAll(typed, 'TYPED')
    .replace(/\/interaction\/[\w-]+/g, '/interaction/ID')
    .replace(/name="_csrf" value="[^"]+"/g, 'CSRF');
  const headers = [...page.headers]
    .filter(([name]) => !['date', 'x-request-id', 'content-length'].includes(name))
    .map(([name, value]) => [name, name === 'set-cookie' ? shapeOf(value) : value]);
  return { status: page.status, html, headers };
}

describe('what a sign-in answers', () => {
  let server: TestServer;
  let client: ProtocolClient;
  const jobs: PasswordJob[] = [];
  before(async () => {
    const roomy = JSON.stringify({ limit: 1000, window: 60, block: 60 });
    server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: roomy, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: roomy });
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const original = Worker.prototype.postMessage;
    mock.method(Worker.prototype, 'postMessage', function counted(this: Worker, job: PasswordJob) {
      jobs.push(job);
      original.call(this, job);
    });
  });
  after(async () => {
    mock.restoreAll();
    await server[Symbol.asyncDispose]();
  });

  async function attempt(identifier: string, password: string, browser = new CookieBrowser()) {
    const page = await browser.submit(await client.request(browser, { scope: 'openid' }), '/password', { identifier, password });
    return { page, browser };
  }

  const passes = async (identifier: string, password: string) => {
    const { page } = await attempt(identifier, password);
    if (page.status === 401) return false;
    assert.ok(page.html.includes('value="allow"') || page.url.startsWith(CALLBACK), `${page.status} ${page.url}`);
    return true;
  };

  it('[security 53] [security 54] unknown, wrong, disabled and without a password: one answer, and the same work', async () => {
    const person = await server.addAccount();
    const disabled = await server.addAccount();
    await server.house.accounts.setDisabled(disabled, true, ORIGIN);
    const federated = await server.house.accounts.create(
      { tenantId: server.tenant.id, email: 'federated@example.com', role: 'viewer' },
      ORIGIN,
    );

    async function observe(identifier: string, password: string) {
      const browser = new CookieBrowser();
      const page = await client.request(browser, { scope: 'openid' });
      jobs.length = 0;
      const answer = await browser.submit(page, '/password', { identifier, password });
      const work = jobs.map((job) => (job.kind === 'verify' ? `verify ${job.hash.slice(0, 7)} ${job.hash.length}` : job.kind));
      return { ...comparable(answer, identifier), work, cookies: [...browser.cookies.keys()].map((name) => name.split('|')[0]) };
    }

    const wrong = await observe(person.email, 'not-the-password-at-all');
    assert.equal(wrong.status, 401);
    assert.deepEqual(wrong.work, ['verify $2b$04$ 60']);
    assert.deepEqual(await observe('nobody@example.com', 'not-the-password-at-all'), wrong);
    assert.deepEqual(await observe('nobody', PASSWORD), wrong);
    assert.deepEqual(await observe(disabled.email, PASSWORD), wrong, 'disabled, with the right password');
    assert.deepEqual(await observe(disabled.email, 'not-the-password-at-all'), wrong);
    assert.deepEqual(await observe(federated.email, 'not-the-password-at-all'), wrong);
  });

  it('[security 68] an account without a password is not entered by any', async () => {
    const { email } = await server.house.accounts.create(
      { tenantId: server.tenant.id, email: 'no-password@example.com', role: 'viewer' },
      ORIGIN,
    );
    for (const password of ['undefined', 'null', '$2b$04$', 'decoy', ' ']) assert.equal(await passes(email, password), false, password);
    const empty = await attempt(email, '');
    assert.ok(empty.page.status >= 400);
    assert.ok(!empty.page.html.includes('value="allow"'));
  });

  it('[security 55] a password counts to its last byte: 73 and more, and 64 emoji', async () => {
    const base = 'wandering-copper-lanterns-over-quiet-harbours-at-noon-with-seven-otters-x';
    assert.ok(Buffer.byteLength(base) >= 73);
    const long = await server.addAccount({ password: `${base}A` });
    assert.equal(await passes(long.email, `${base}B`), false);
    assert.equal(await passes(long.email, base), false);
    assert.equal(await passes(long.email, `${base}A`), true);
    const emoji = Array.from({ length: 64 }, (_, index) => String.fromCodePoint(0x1f300 + ((index * 37) % 200))).join('');
    const smiling = await server.addAccount({ password: emoji });
    assert.equal(await passes(smiling.email, emoji), true);
    assert.equal(await passes(smiling.email, [...emoji].slice(0, 63).join('')), false);
    assert.equal(await passes(smiling.email, [...emoji].slice(0, 18).join('')), false);
  });

  it('[security 55] case counts', async () => {
    const person = await server.addAccount();
    assert.equal(await passes(person.email, PASSWORD.toUpperCase()), false);
    assert.equal(await passes(person.email, ` ${PASSWORD}`), false);
    assert.equal(await passes(person.email, PASSWORD), true);
  });

  it('[security 57] composed and decomposed spellings of one password are one', async () => {
    const password = 'Grüße-aus-der-Hütte-für-Zoë-1';
    const person = await server.addAccount({ password: password.normalize('NFD') });
    assert.equal(await passes(person.email, password.normalize('NFC')), true);
    assert.equal(await passes(person.email, password.normalize('NFD')), true);
    assert.equal(await passes(person.email, password.replaceAll('ü', 'u')), false);
  });

  it('[security 63] every spelling of a name is the same person', async () => {
    const person = await server.addAccount({ username: 'bob' });
    for (const spelling of ['bob', 'Bob', 'BOB', ' bob', 'bob\t', 'ｂｏｂ', 'b\u200bob', 'bo\u00adb', '\u2060bob'])
      assert.equal(await passes(spelling, PASSWORD), true, JSON.stringify(spelling));
    assert.equal(await passes(` ${person.email.toUpperCase()}`, PASSWORD), true);
    for (const other of ['b ob', 'bob@', 'bobb', 'вob']) assert.equal(await passes(other, PASSWORD), false, other);
    for (const taken of ['BOB', 'ｂｏｂ', 'Bob'])
      await assert.rejects(server.addAccount({ username: taken }), { code: 'already_exists' }, taken);
    await assert.rejects(server.addAccount({ email: person.email.toUpperCase() }), { code: 'already_exists' });
  });

  it('a password that was hashed at another cost is hashed anew at the next sign-in', async () => {
    const person = await server.addAccount();
    const hasher = new PasswordHasher({ keyring: server.house.keyring, cost: 5, workers: 1, queue: 1 });
    const stale = await hasher.hash(PASSWORD);
    await hasher.close();
    await server.house.storage.accounts.update(person.tenantId, person.id, (old) => ({ ...old, passwordHash: stale }));
    assert.equal(await passes(person.email, PASSWORD), true);
    const stored = await server.house.storage.accounts.findSubject(person.id);
    assert.match(stored?.passwordHash ?? '', /\$2b\$04\$/);
    assert.equal(await passes(person.email, PASSWORD), true);
  });
});
