import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { OverloadedError } from '../../src/domain/errors.ts';
import { createLoginService } from '../../src/domain/login/login-service.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const rule = (limit: number) => JSON.stringify({ limit, window: 900, block: 900 });
const ROOMY = { limit: 1000, windowSeconds: 900, blockSeconds: 900 };
const WRONG = 'not-the-password-at-all';

interface Attempt {
  readonly password?: string;
  readonly deviceCookie?: string | undefined;
}

async function attempt(server: TestServer, identifier: string, { password = WRONG, deviceCookie }: Attempt = {}) {
  return await server.house.login.checkPassword({
    tenantId: server.tenant.id,
    identifier,
    password,
    deviceCookie,
    origin: ORIGIN,
    counts: 'failures',
  });
}

async function reasons(server: TestServer, accountId: string) {
  return (await server.house.storage.audit.list({ accountId, type: 'login.failed', limit: 9 })).map(({ detail }) => detail.reason);
}

describe('a password of another tenant', () => {
  let server: TestServer;
  let stranger: Account;
  let chief: Account;
  before(async () => {
    server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(1000) });
    const other = await server.house.tenants.ensure({ slug: 'other', name: 'Other' }, ORIGIN);
    stranger = await server.addAccount({ tenantId: other.id, username: 'stranger' });
    chief = await server.addAccount({ tenantId: other.id, role: 'admin', superAdministrator: true });
  });
  after(() => server[Symbol.asyncDispose]());

  it('is as wrong as a name nobody has, and the tenant it belongs to reads so in its audit log', async () => {
    for (const name of [stranger.email, 'stranger']) assert.equal((await attempt(server, name, { password: PASSWORD })).kind, 'failed');
    assert.deepEqual(await reasons(server, stranger.id), ['tenant', 'tenant']);
    const [entry] = await server.house.storage.audit.list({ tenantId: stranger.tenantId, type: 'login.failed', limit: 1 });
    assert.equal(entry?.accountId, stranger.id);
    assert.equal((await attempt(server, 'nobody@example.com')).kind, 'failed');
  });

  it('opens no page of a client of this one', async () => {
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const browser = new CookieBrowser();
    const page = await client.request(browser, { scope: 'openid' });
    const answer = await browser.submit(page, '/password', { identifier: stranger.email, password: PASSWORD });
    assert.equal(answer.status, 401);
    assert.match(answer.html, /That didn’t match/);
  });

  it('opens nothing to a super-administrator either', async () => {
    assert.equal((await attempt(server, chief.email, { password: PASSWORD })).kind, 'failed');
    const { tenantId } = chief;
    const own = {
      tenantId,
      identifier: chief.email,
      password: PASSWORD,
      deviceCookie: undefined,
      origin: ORIGIN,
      counts: 'failures',
    } as const;
    assert.equal((await server.house.login.checkPassword(own)).kind, 'passed');
  });

  it('pauses after as many tries as a name nobody has', async () => {
    const tries = async (name: string) => {
      for (let failures = 0; ; failures++) if ((await attempt(server, name)).kind === 'paused') return failures;
    };
    const other = await server.addAccount({ tenantId: stranger.tenantId });
    assert.equal(await tries(other.email), await tries('nobody-else@example.com'));
  });
});

describe('the cookie of known devices', () => {
  it('is looked at once, whether the name is known, unknown or another tenant’s', async () => {
    await using server = await startServer();
    const { house } = server;
    const other = await house.tenants.ensure({ slug: 'other', name: 'Other' }, ORIGIN);
    const person = await server.addAccount();
    const stranger = await server.addAccount({ tenantId: other.id });
    const looks: string[] = [];
    const recognise = house.devices.recognise;
    Reflect.set(house.devices, 'recognise', (...values: Parameters<typeof recognise>) => {
      looks.push(values[1].id);
      return recognise(...values);
    });
    for (const name of [person.email, 'nobody@example.com', stranger.email]) await attempt(server, name);
    assert.deepEqual(looks, [person.id, 'nobody', 'nobody']);
  });
});

describe('failures of one person under two names', () => {
  it('are counted by name, and success or an administrator clears both', async () => {
    await using server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(2), GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(1000) });
    const person = await server.addAccount({ username: 'bob' });
    const pause = async (name: string) => {
      for (const kind of ['failed', 'failed', 'paused']) assert.equal((await attempt(server, name)).kind, kind, name);
    };
    await pause('bob');
    assert.equal((await attempt(server, person.email, { password: PASSWORD })).kind, 'passed');
    assert.equal((await attempt(server, 'bob', { password: PASSWORD })).kind, 'passed');
    await pause('bob');
    await pause(person.email);
    await server.house.login.forgive(person);
    for (const name of ['bob', person.email]) assert.equal((await attempt(server, name, { password: PASSWORD })).kind, 'passed');
  });
});

describe('a known device', () => {
  const limits = {
    GATEHOUSE_LIMITS__LOGIN_ADDRESS: rule(1000),
    GATEHOUSE_LIMITS__LOGIN_ACCOUNT: rule(1000),
    GATEHOUSE_LIMITS__LOGIN_ACCOUNT_TOTAL: '3',
  };

  it('that fails too often in a row stays out, until the password is set anew', async () => {
    await using server = await startServer(limits);
    const person = await server.addAccount();
    const deviceCookie = server.house.devices.remember(undefined, person);
    for (let failures = 0; failures < 3; failures++) assert.equal((await attempt(server, person.email, { deviceCookie })).kind, 'failed');
    const shut = { kind: 'paused', limit: 'account', until: undefined };
    const { address: _address, ...outcome } = await attempt(server, person.email, { deviceCookie, password: PASSWORD });
    assert.deepEqual(outcome, shut);
    const fresh = 'purple-elephants-read-maps-4';
    await server.house.accounts.usePasswordLink(await server.house.accounts.createPasswordLink(person, ORIGIN), fresh, ORIGIN);
    assert.equal((await attempt(server, person.email, { deviceCookie, password: fresh })).kind, 'passed');
  });

  it('that signs in lets the strangers in again', async () => {
    await using server = await startServer(limits);
    const person = await server.addAccount();
    const deviceCookie = server.house.devices.remember(undefined, person);
    for (let failures = 0; failures < 4; failures++) await attempt(server, person.email);
    assert.equal((await attempt(server, person.email, { password: PASSWORD })).kind, 'paused');
    assert.equal((await attempt(server, person.email, { password: PASSWORD, deviceCookie })).kind, 'passed');
    assert.equal((await attempt(server, person.email, { password: PASSWORD })).kind, 'passed');
  });
});

describe('a hash that is out of date', () => {
  it('never keeps anybody from signing in', async () => {
    await using server = await startServer();
    const { house } = server;
    const person = await server.addAccount();
    const stored = async () => (await house.accounts.resolve(person.id)).passwordHash;
    const signIn = async (hash: () => Promise<string>) => {
      const login = createLoginService({
        ...house.storage,
        devices: house.devices,
        audit: house.audit,
        clock: house.clock,
        hasher: { hash, verify: async () => ({ matches: true, stale: true }) },
        limits: { address: ROOMY, account: ROOMY, accountTotal: 100 },
      });
      const { tenantId, email: identifier } = person;
      return (
        await login.checkPassword({ tenantId, identifier, password: PASSWORD, deviceCookie: undefined, origin: ORIGIN, counts: 'failures' })
      ).kind;
    };
    const before = await stored();
    for (const failure of [new OverloadedError('busy'), new Error('broken')])
      assert.equal(await signIn(() => Promise.reject(failure)), 'passed');
    const { update } = house.storage.accounts;
    Reflect.set(house.storage.accounts, 'update', () => Promise.reject(new Error('locked')));
    assert.equal(await signIn(async () => 'fresh'), 'passed');
    assert.equal(await stored(), before);
    Reflect.set(house.storage.accounts, 'update', update);
    assert.equal(await signIn(async () => 'fresh'), 'passed');
    assert.equal(await stored(), 'fresh');
  });
});
