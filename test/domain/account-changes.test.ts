import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidValueError, StoreUnavailableError } from '../../src/domain/errors.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const NEW_PASSWORD = 'purple-elephants-read-maps-4';

/** Makes one method of a port fail once, after so many calls that go through. */
function failOnce<Port extends object>(port: Port, name: keyof Port & string, callsBefore = 0): void {
  const method = port[name] as (...values: unknown[]) => unknown;
  let calls = 0;
  Reflect.set(port, name, async (...values: unknown[]) => {
    if (calls++ === callsBefore) throw new StoreUnavailableError('The store did not answer.');
    return await method(...values);
  });
}

async function withSession(server: TestServer) {
  const account = await server.addAccount();
  const { artifacts } = server.house.storage;
  const begin = (id: string) => artifacts.put('Session', id, { payload: {}, accountId: account.id }, new Date(Date.now() + 60_000));
  const sessions = async () => (await artifacts.list('Session', 'accountId', account.id)).length;
  await begin('before');
  return { account, artifacts, begin, sessions };
}

const check = async (server: TestServer, identifier: string, password: string) =>
  (
    await server.house.login.checkPassword({
      identifier,
      password,
      tenantId: server.tenant.id,
      deviceCookie: undefined,
      origin: ORIGIN,
      counts: 'failures',
    })
  ).kind;

describe('a link to set the password', () => {
  for (const [cut, port, method, calls] of [
    ['before the change', 'accounts', 'update', 0],
    ['after the change', 'artifacts', 'removeBy', 1],
  ] as const) {
    it(`cut off ${cut}: whichever password stands, every session has ended`, async () => {
      await using server = await startServer();
      const { account, sessions } = await withSession(server);
      const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
      failOnce(server.house.storage[port] as unknown as Record<string, unknown>, method, calls);
      await assert.rejects(server.house.accounts.usePasswordLink(secret, NEW_PASSWORD, ORIGIN), { code: 'store_unavailable' });
      assert.equal(await sessions(), 0);
      const standing = cut === 'before the change' ? PASSWORD : NEW_PASSWORD;
      assert.equal(await check(server, account.email, standing), 'passed');
      assert.equal(await server.house.accounts.peekPasswordLink(secret), undefined, 'the link is used up');
    });
  }

  it('ends what was begun while the password was being changed', async () => {
    await using server = await startServer();
    const { account, begin, sessions } = await withSession(server);
    const { accounts } = server.house.storage;
    const update = accounts.update.bind(accounts);
    Reflect.set(accounts, 'update', async (...values: Parameters<typeof update>) => {
      await begin('meanwhile');
      return await update(...values);
    });
    const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
    assert.ok(await server.house.accounts.usePasswordLink(secret, NEW_PASSWORD, ORIGIN));
    assert.equal(await sessions(), 0);
  });

  it('is good again after a password that will not do', async () => {
    await using server = await startServer();
    const account = await server.addAccount();
    const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
    await assert.rejects(server.house.accounts.usePasswordLink(secret, 'short', ORIGIN), InvalidValueError);
    assert.ok(await server.house.accounts.usePasswordLink(secret, NEW_PASSWORD, ORIGIN));
  });
});

describe('disabling an account', () => {
  it('refuses the person at once, and can be repeated when ending their sessions failed', async () => {
    await using server = await startServer();
    const { account, sessions } = await withSession(server);
    failOnce(server.house.storage.artifacts, 'removeBy');
    await assert.rejects(server.house.accounts.setDisabled(account, true, ORIGIN), { code: 'store_unavailable' });
    assert.equal((await server.house.accounts.resolve(account.id)).disabled, true);
    assert.equal(await check(server, account.email, PASSWORD), 'failed');
    assert.equal(await sessions(), 1);
    await server.house.accounts.setDisabled(account, true, ORIGIN);
    assert.equal(await sessions(), 0);
  });
});

describe('the link of the first administrator', () => {
  const input = (server: TestServer, email: string) => ({ tenantId: server.tenant.id, email, displayName: undefined, password: PASSWORD });

  it('is told in the audit log when it is made, and asking whether it is needed makes none', async () => {
    await using server = await startServer();
    const { accounts, storage } = server.house;
    const made = () => storage.audit.list({ type: 'account.link_created', limit: 9 });
    assert.equal(await accounts.needsFirstAdministrator(), true);
    assert.deepEqual(await made(), []);
    const secret = await accounts.createFirstAdministratorLink(ORIGIN);
    assert.deepEqual(
      (await made()).map(({ detail }) => detail),
      [{ purpose: 'first-administrator' }],
    );
    assert.ok(await accounts.becomeFirstAdministrator(secret ?? '', input(server, 'root@example.com'), ORIGIN));
    assert.equal(await accounts.needsFirstAdministrator(), false);
    assert.equal(await accounts.createFirstAdministratorLink(ORIGIN), undefined);
  });

  it('still works when the name was taken at the last moment', async () => {
    await using server = await startServer();
    const { accounts, storage } = server.house;
    const secret = (await accounts.createFirstAdministratorLink(ORIGIN)) ?? '';
    const { take } = storage.links;
    Reflect.set(storage.links, 'take', async (...values: Parameters<typeof take>) => {
      await server.addAccount({ email: 'root@example.com' });
      Reflect.set(storage.links, 'take', take);
      return await take(...values);
    });
    await assert.rejects(accounts.becomeFirstAdministrator(secret, input(server, 'root@example.com'), ORIGIN), { code: 'already_exists' });
    assert.equal(await accounts.peekFirstAdministratorLink(secret), true);
    assert.ok(await accounts.becomeFirstAdministrator(secret, input(server, 'chief@example.com'), ORIGIN));
    assert.equal(await accounts.peekFirstAdministratorLink(secret), false);
  });
});

describe('an account that is switched off', () => {
  it('comes back without what a failed switching off had left alive', async () => {
    await using server = await startServer();
    const { account, sessions } = await withSession(server);
    failOnce(server.house.storage.artifacts as unknown as Record<string, unknown>, 'removeBy', 0);
    await assert.rejects(server.house.accounts.setDisabled(account, true, ORIGIN), { code: 'store_unavailable' });
    assert.equal(await sessions(), 1, 'it was left');
    await server.house.accounts.setDisabled(account, false, ORIGIN);
    assert.equal(await sessions(), 0);
  });
});
