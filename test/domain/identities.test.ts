import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { type FederatedIdentity, identityId } from '../../src/domain/federation/identity.ts';
import { providerId } from '../../src/domain/federation/upstream-provider.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

describe('who somebody is at other providers', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
    for (const id of ['one', 'two'])
      await server.house.providers.create(
        { id, preset: 'oidc', name: `Number ${id}`, issuer: `https://${id}.example.com`, client_id: 'us', client_secret: 'hush' },
        ORIGIN,
      );
  });
  after(() => server[Symbol.asyncDispose]());

  const link = async ({ tenantId, id: accountId }: Account, provider: string): Promise<FederatedIdentity> => {
    const now = new Date();
    const who = { issuer: `https://${provider}.example.com`, subject: randomUUID(), label: 'ada', linkedAt: now, lastSignInAt: undefined };
    const identity = { id: identityId(randomUUID()), tenantId, accountId, providerId: providerId(provider), ...who };
    await server.house.storage.identities.create(identity);
    return identity;
  };

  it('are listed with the name of the provider, and whether it is there', async () => {
    const { identities } = server.house;
    const ada = await server.addAccount({ password: undefined });
    const [one, gone] = [await link(ada, 'one'), await link(ada, 'gone')];
    const listed = (await identities.list(ada)).toSorted((a, b) => b.providerName.localeCompare(a.providerName));
    assert.deepEqual(listed.toReversed(), [
      { ...gone, providerName: 'gone', usable: false },
      { ...one, providerName: 'Number one', usable: true },
    ]);
    assert.deepEqual(await identities.list(await server.addAccount()), []);

    const settings = { preset: 'oidc', issuer: 'https://own.example.com', client_id: 'us', client_secret: 'hush' } as const;
    await server.house.providers.create({ ...settings, id: 'own', tenant: server.tenant.slug }, ORIGIN);
    for (const superAdministrator of [false, true]) {
      const account = await server.addAccount({ role: 'admin', superAdministrator });
      await link(account, 'own');
      assert.deepEqual((await identities.list(account))[0]?.usable, !superAdministrator, 'of one tenant');
    }
  });

  it('are unlinked, but for the last that somebody can still come in by', async () => {
    const { house } = server;
    const ada = await server.addAccount({ password: undefined });
    const [one, two] = [await link(ada, 'one'), await link(ada, 'two')];
    const unlink = (identity: FederatedIdentity, account = ada) => house.identities.unlink(account, identity.id, ORIGIN);
    await assert.rejects(unlink(one, await server.addAccount()), { name: 'NotFoundError' });

    const other = await house.providers.resolve('two');
    await house.providers.update(other, { enabled: false }, ORIGIN);
    await assert.rejects(unlink(one), {
      name: 'InvalidValueError',
      field: 'identity',
      message: /Number one is the only way.*Set a password/,
    });
    await house.providers.update(other, { enabled: true, issuer: 'https://moved.example.com', client_secret: 'hush' }, ORIGIN);
    await assert.rejects(unlink(one), { field: 'identity' }, 'its issuer is another one now');
    await house.providers.update(other, { issuer: two.issuer, client_secret: 'hush' }, ORIGIN);
    assert.equal((await unlink(one)).label, 'ada');
    await assert.rejects(unlink(one), { name: 'NotFoundError' });
    await assert.rejects(unlink(two), { field: 'identity' });
    assert.equal((await house.identities.list(ada)).length, 1);

    const [event, ...more] = await house.storage.audit.list({ accountId: ada.id, type: 'federation.unlinked', limit: 10 });
    assert.deepEqual([event?.detail, more], [{ provider: 'one', issuer: one.issuer }, []]);
    const withPassword = await server.addAccount();
    assert.equal((await unlink(await link(withPassword, 'gone'), withPassword)).usable, false);
  });
});
