import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generate, generateSecret } from 'otplib';
import type { Account } from '../../src/domain/accounts/account.ts';
import { epochSeconds } from '../../src/lib/clock.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const codeOf = (server: TestServer, secret: string) => generate({ secret, epoch: epochSeconds(server.clock.now()) });

const keyOn = (page: Page) => /\b((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}|[A-Z2-7]{32})\b/.exec(page.html)?.[1]?.replaceAll(' ', '') ?? '';

async function enrol(server: TestServer, account: Account, secret = generateSecret()) {
  return await server.house.mfa.enrol(account, secret, await codeOf(server, secret), ORIGIN);
}

/** A browser that gave the administrator's password and looks at the page after it. */
async function afterPassword(server: TestServer, account: Account) {
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  const browser = new CookieBrowser();
  const login = await client.request(browser, { scope: 'openid' });
  const page = await browser.submit(login, '/password', { identifier: account.email, password: PASSWORD });
  return { browser, page };
}

describe('setting up an authenticator app', () => {
  it('never replaces one that is there: the sign-in that comes second owes the code of the first', async () => {
    await using server = await startServer();
    const account = await server.addAccount({ role: 'admin' });
    const thief = await afterPassword(server, account);
    const person = await afterPassword(server, account);
    const key = keyOn(person.page);
    const theirs = keyOn(thief.page);
    assert.ok(key && theirs && key !== theirs);
    const codes = await person.browser.submit(person.page, '/enrol', { code: await codeOf(server, key) });
    assert.match(codes.html, /recovery codes/);

    const late = await thief.browser.submit(thief.page, '/enrol', { code: await codeOf(server, theirs) });
    assert.ok(late.html.includes('name="password"'), 'from the password on');
    const again = await thief.browser.submit(late, '/password', { identifier: account.email, password: PASSWORD });
    assert.ok(again.html.includes('one-time-code'), 'then the code');
    server.clock.advance(30);
    const wrong = await thief.browser.submit(again, '/totp', { code: await codeOf(server, theirs) });
    assert.equal(wrong.status, 401);
    assert.equal((await server.house.mfa.proveTotp(account, await codeOf(server, key), ORIGIN)).kind, 'passed');
  });

  it('says which it was: wrong, taken, or the recovery codes; a wrong code is in the audit log', async () => {
    await using server = await startServer();
    const { mfa, storage } = server.house;
    const account = await server.addAccount();
    assert.deepEqual(await mfa.enrol(account, generateSecret(), 'abc', ORIGIN), { kind: 'wrong' });
    const [entry] = await storage.audit.list({ accountId: account.id, type: 'mfa.failed', limit: 1 });
    assert.deepEqual(entry?.detail, { step: 'enrol' });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => enrol(server, account)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'enrolled').length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === 'taken').length, 19);
    assert.equal((await storage.audit.list({ accountId: account.id, type: 'mfa.enrolled', limit: 9 })).length, 1);
    assert.equal(await storage.mfa.countRecoveryCodes(account.tenantId, account.id), 8);
  });
});

describe('removing an authenticator app', () => {
  it('voids what was begun before: a sign-in that waits for its code starts again', async () => {
    await using server = await startServer();
    const account = await server.addAccount({ role: 'admin' });
    await enrol(server, account);
    const { browser, page } = await afterPassword(server, account);
    assert.ok(page.html.includes('one-time-code'));
    assert.equal(await server.house.mfa.remove(account, ORIGIN), true);
    assert.equal((await server.house.accounts.resolve(account.email)).credentialVersion, account.credentialVersion + 1);
    assert.ok((await browser.open(page.url)).html.includes('name="password"'));
    assert.equal(await server.house.mfa.remove(account, ORIGIN), false);
    assert.equal((await server.house.accounts.resolve(account.email)).credentialVersion, account.credentialVersion + 1);
  });
});

describe('wrong codes', () => {
  it('end in a pause that only a new password lifts, however slowly they come', async () => {
    await using server = await startServer({ GATEHOUSE_LIMITS__MFA_ACCOUNT_TOTAL: '12' });
    const { mfa, accounts } = server.house;
    const account = await server.addAccount();
    const secret = generateSecret();
    await enrol(server, account, secret);
    const prove = async (code: string) => await mfa.proveTotp(account, code, ORIGIN);
    for (let failures = 0; failures < 12; failures++) {
      if (failures % 10 === 0) server.clock.advance(901);
      assert.equal((await prove('wrong')).kind, 'wrong', `failure ${failures}`);
    }
    server.clock.advance(30 * 86_400);
    assert.deepEqual(await prove(await codeOf(server, secret)), { kind: 'paused', until: undefined });
    assert.equal((await mfa.proveRecoveryCode(account, 'ABCD', ORIGIN)).kind, 'paused');
    await accounts.usePasswordLink(await accounts.createPasswordLink(account, ORIGIN), 'purple-elephants-read-maps-4', ORIGIN);
    assert.equal((await prove(await codeOf(server, secret))).kind, 'passed');
  });

  it('are forgotten by a right one', async () => {
    await using server = await startServer({ GATEHOUSE_LIMITS__MFA_ACCOUNT_TOTAL: '3' });
    const account = await server.addAccount();
    const secret = generateSecret();
    await enrol(server, account, secret);
    for (let round = 0; round < 3; round++) {
      for (const _ of [1, 2]) assert.equal((await server.house.mfa.proveTotp(account, 'wrong', ORIGIN)).kind, 'wrong');
      server.clock.advance(30);
      assert.equal((await server.house.mfa.proveTotp(account, await codeOf(server, secret), ORIGIN)).kind, 'passed');
    }
  });

  it('that shut the account say so on the page', async () => {
    await using server = await startServer({ GATEHOUSE_LIMITS__MFA_ACCOUNT_TOTAL: '1' });
    const account = await server.addAccount({ role: 'admin' });
    await enrol(server, account);
    const { browser, page } = await afterPassword(server, account);
    assert.equal((await browser.submit(page, '/totp', { code: '000000' })).status, 401);
    const shut = await browser.submit(page, '/totp', { code: '000000' });
    assert.equal(shut.status, 429);
    assert.match(shut.html, /closed until its password is set anew/);
  });
});
