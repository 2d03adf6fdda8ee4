import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { migrate } from '../../src/storage/sqlite/migrate.ts';
import { migrations } from '../../src/storage/sqlite/migrations.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  sampleAccount,
  sampleClient,
  sampleFactor,
  sampleIdentity,
  sampleLicence,
  sampleProvider,
  sampleTenant,
  sampleTokens,
} from './samples.ts';
import { openAt } from './sqlite-harness.ts';

/** A file as version 1 made it, with a tenant, a person who has an authenticator app, and a client. */
function fillVersion1(path: string): void {
  const database = new DatabaseSync(path);
  migrate(database, migrations.slice(0, 1));
  const tenant = sampleTenant();
  const [account, client, factor] = [sampleAccount(), sampleClient(), sampleFactor()];
  const at = tenant.createdAt.getTime();
  database.prepare('INSERT INTO tenants VALUES (?, ?, ?, ?)').run(tenant.id, tenant.slug, tenant.name, at);
  database
    .prepare(`INSERT INTO accounts VALUES (?, ?, 'Ada@Example.com', 'ada@example.com', 1, NULL, NULL, NULL, 'admin', 1, 0, NULL, 7, ?, ?)`)
    .run(account.id, tenant.id, at, at);
  database.prepare('INSERT INTO totp_factors VALUES (?, ?, ?, ?, ?)').run(account.id, tenant.id, factor.sealedSecret, factor.lastStep, at);
  database
    .prepare(`INSERT INTO clients VALUES (?, ?, 'App', 'service', 1, 0, '[]', '[]', '["read"]', 0, 0, '[]', '[]', '{}', ?, ?)`)
    .run(client.id, tenant.id, at, at);
  database.close();
}

describe('a SQLite file of version 1', () => {
  it('is brought up to date: what is new has the value that changes nothing', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'old.db');
    fillVersion1(path);
    await using storage = await openAt(path);
    const { id } = sampleTenant();
    assert.deepEqual(await storage.tenants.find(id), sampleTenant({ disabled: false, registrationOpen: false, allowedAddresses: [] }));
    const account = await storage.accounts.findSubject(sampleAccount().id);
    assert.deepEqual([account?.email, account?.phoneNumber, account?.newsletter], ['Ada@Example.com', undefined, false]);
    const client = await storage.clients.find(sampleClient().id);
    assert.deepEqual([client?.scopes, client?.allowedAddresses], [['read'], []]);
    assert.ok(await storage.mfa.find(id, sampleAccount().id));
  });

  it('takes what is new, and is not migrated again', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'old.db');
    fillVersion1(path);
    {
      await using storage = await openAt(path);
      await storage.tenants.update(sampleTenant().id, () => sampleTenant());
      await storage.accounts.update(sampleTenant().id, sampleAccount().id, () => sampleAccount());
      await storage.clients.update(sampleTenant().id, sampleClient().id, () => sampleClient());
      await storage.licences.create(sampleLicence());
      await storage.providers.create(sampleProvider());
      await storage.identities.create(sampleIdentity());
      await storage.upstreamTokens.keep(sampleIdentity().id, sampleTokens());
    }
    await using storage = await openAt(path);
    assert.deepEqual(await storage.tenants.list(), [sampleTenant()]);
    assert.deepEqual(await storage.accounts.findSubject(sampleAccount().id), sampleAccount());
    assert.deepEqual(await storage.clients.find(sampleClient().id), sampleClient());
    assert.deepEqual(await storage.licences.find(sampleTenant().id, sampleLicence().id), sampleLicence());
    assert.deepEqual(await storage.providers.list(), [sampleProvider()]);
    assert.deepEqual(await storage.upstreamTokens.due(new Date(), 9), [{ identity: sampleIdentity(), tokens: sampleTokens() }]);
  });
});
