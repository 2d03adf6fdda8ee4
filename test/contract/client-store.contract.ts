import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientId } from '../../src/domain/clients/client.ts';
import { type Harness, type OpenHarness, times, winners } from './harness.ts';
import { sampleClient, seedPeople } from './samples.ts';

export function clientStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: client store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { clients } = await registered(harness);
      assert.deepEqual(await clients.find(sampleClient().id), sampleClient());
    });

    it('keeps what is empty or false', async () => {
      await using harness = await open();
      const { clients } = await registered(harness);
      const bare = sampleClient({
        id: clientId('bare'),
        type: 'service',
        verified: false,
        disabled: false,
        redirectUris: [],
        postLogoutRedirectUris: [],
        scopes: [],
        requirePkce: false,
        refreshWithoutOfflineAccess: false,
        allowedOrigins: [],
        allowedAddresses: [],
        secrets: [],
        metadata: {},
      });
      await clients.create(bare);
      assert.deepEqual(await clients.find(bare.id), bare);
    });

    it('answers undefined for what is not there', async () => {
      await using harness = await open();
      const { clients, tenant } = await registered(harness);
      const nobody = clientId('nobody');
      assert.equal(await clients.find(nobody), undefined);
      assert.equal(await clients.update(tenant.id, nobody, () => assert.fail('there is nothing to change')), undefined);
      assert.equal(await clients.remove(tenant.id, nobody), false);
    });

    it('refuses an id that is taken, in every tenant', async () => {
      await using harness = await open();
      const { clients, other } = await registered(harness);
      await assert.rejects(clients.create(sampleClient({ name: 'x' })), { name: 'AlreadyExistsError', field: 'id' });
      await assert.rejects(clients.create(sampleClient({ tenantId: other.id })), { name: 'AlreadyExistsError', field: 'id' });
      assert.deepEqual(await clients.find(sampleClient().id), sampleClient());
    });

    it('shows no tenant another one’s clients', async () => {
      await using harness = await open();
      const { clients, other } = await registered(harness);
      assert.equal(await clients.update(other.id, sampleClient().id, () => assert.fail('not theirs to change')), undefined);
      assert.equal(await clients.remove(other.id, sampleClient().id), false);
      assert.deepEqual(await clients.list(other.id, { limit: 10 }), []);
      assert.deepEqual(await clients.find(sampleClient().id), sampleClient());
    });

    it('updates every field but id and tenant', async () => {
      await using harness = await open();
      const { clients, tenant, other } = await registered(harness);
      const next = sampleClient({
        name: 'New',
        type: 'web',
        verified: false,
        disabled: false,
        redirectUris: ['https://new.example/'],
        postLogoutRedirectUris: [],
        scopes: ['admin:all'],
        requirePkce: false,
        refreshWithoutOfflineAccess: false,
        allowedOrigins: [],
        allowedAddresses: ['192.0.2.0/24'],
        secrets: [],
        metadata: { a: 1 },
        updatedAt: new Date(5),
      });
      const changed = await clients.update(tenant.id, next.id, () => ({ ...next, id: clientId('moved'), tenantId: other.id }));
      assert.deepEqual(changed, next);
      assert.deepEqual(await clients.find(next.id), next);
    });

    it('applies all of 50 concurrent updates', async () => {
      await using harness = await open();
      const { clients, tenant } = await registered(harness);
      await Promise.all(
        times(50, (n) => clients.update(tenant.id, sampleClient().id, (old) => ({ ...old, scopes: [...old.scopes, `scope-${n}`] }))),
      );
      assert.equal(new Set((await clients.find(sampleClient().id))?.scopes).size, sampleClient().scopes.length + 50);
    });

    it('is removed once', async () => {
      await using harness = await open();
      const { clients, tenant } = await registered(harness);
      const answers = await Promise.all(times(10, () => clients.remove(tenant.id, sampleClient().id)));
      assert.equal(winners(answers), 1);
      assert.equal(await clients.find(sampleClient().id), undefined);
    });

    it('lists by id, page by page, for one tenant or all', async () => {
      await using harness = await open();
      const { clients, tenant, other } = await registered(harness);
      for (const [id, tenantId] of [
        ['client-3', other.id],
        ['client-2', tenant.id],
        ['client-4', other.id],
      ] as const) {
        await clients.create(sampleClient({ id: clientId(id), tenantId }));
      }
      const ids = async (...args: Parameters<typeof clients.list>) => (await clients.list(...args)).map((client) => client.id);
      assert.deepEqual(await ids(undefined, { limit: 3 }), ['client-1', 'client-2', 'client-3']);
      assert.deepEqual(await ids(undefined, { after: 'client-3', limit: 3 }), ['client-4']);
      assert.deepEqual(await ids(tenant.id, { after: 'client-1', limit: 3 }), ['client-2']);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { clients, given } = await registered(harness);
      Reflect.set(given.metadata, 'logo_uri', 'changed');
      const found = await clients.find(given.id);
      assert.ok(found);
      Reflect.set(found.scopes, 0, 'admin:all');
      found.secrets[0]?.createdAt.setTime(0);
      assert.deepEqual(await clients.find(given.id), sampleClient());
    });
  });
}

async function registered({ storage }: Harness) {
  const people = await seedPeople(storage);
  const given = sampleClient();
  await storage.clients.create(given);
  return { ...people, given, clients: storage.clients };
}
