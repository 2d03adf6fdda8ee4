import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_CLAIM_PATHS, providerId, type UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import { type OpenHarness, times, winners } from './harness.ts';
import { sampleProvider, seedPeople } from './samples.ts';

const BARE: Partial<UpstreamProvider> = {
  tenantId: undefined,
  sealedSecret: undefined,
  scopes: [],
  claims: NO_CLAIM_PATHS,
  roles: { map: {}, fallback: undefined },
  creationDomains: [],
  trustedDomains: [],
  homeDomains: [],
  endsSession: false,
  keepsTokens: false,
  disabled: false,
};

export function providerStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: provider store`, () => {
    const opened = async () => {
      const harness = await open();
      const people = await seedPeople(harness.storage);
      return { ...people, providers: harness.storage.providers, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() };
    };

    it('gives back what it was given', async () => {
      await using store = await opened();
      await store.providers.create(sampleProvider());
      assert.deepEqual(await store.providers.find(sampleProvider().id), sampleProvider());
      assert.deepEqual(await store.providers.list(), [sampleProvider()]);
    });

    it('keeps what is undefined, empty or false', async () => {
      await using store = await opened();
      await store.providers.create(sampleProvider(BARE));
      assert.deepEqual(await store.providers.find(sampleProvider().id), sampleProvider(BARE));
    });

    it('answers undefined for what is not there', async () => {
      await using store = await opened();
      const nobody = providerId('nobody');
      assert.equal(await store.providers.find(nobody), undefined);
      assert.deepEqual(await store.providers.list(), []);
      assert.equal(await store.providers.remove(sampleProvider({ id: nobody })), false);
      assert.equal(await store.providers.update(nobody, () => assert.fail('there is nothing to change')), undefined);
    });

    it('names the field that is taken, in every tenant, and lets one of many have an id', async () => {
      await using store = await opened();
      const attempts = times(20, (n) =>
        store.providers.create(sampleProvider({ name: `${n}`, ...(n % 2 && { tenantId: store.other.id }) })),
      );
      const results = await Promise.allSettled(attempts);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      await assert.rejects(store.providers.create(sampleProvider()), { name: 'AlreadyExistsError', field: 'id' });
      assert.equal((await store.providers.list()).length, 1);
    });

    it('lists the oldest first', async () => {
      await using store = await opened();
      for (const n of [3, 1, 2]) await store.providers.create(sampleProvider({ id: providerId(`p${n}`), createdAt: new Date(n * 1000) }));
      assert.deepEqual(
        (await store.providers.list()).map(({ id }) => id),
        ['p1', 'p2', 'p3'],
      );
    });

    it('lists those of one tenant with those for everybody', async () => {
      await using store = await opened();
      const tenants = [store.other.id, undefined, store.tenant.id];
      for (const [n, tenantId] of tenants.entries())
        await store.providers.create(sampleProvider({ id: providerId(`p${n}`), tenantId, createdAt: new Date(n * 1000) }));
      assert.deepEqual(
        (await store.providers.list(store.tenant.id)).map(({ id }) => id),
        ['p1', 'p2'],
      );
    });

    it('updates every field but id, tenant and time of creation', async () => {
      await using store = await opened();
      await store.providers.create(sampleProvider());
      const next: UpstreamProvider = {
        ...sampleProvider(BARE),
        name: 'New',
        preset: 'oidc',
        issuer: 'https://new.example.com',
        clientId: 'new',
        authentication: 'private_key_jwt',
        creation: 'nobody',
        secondFactor: 'ask',
        updatedAt: new Date(7),
      };
      const changed = await store.providers.update(sampleProvider().id, (old) => {
        assert.deepEqual(old, sampleProvider());
        return { ...next, id: providerId('moved'), tenantId: store.other.id, createdAt: new Date(5) };
      });
      const expected = { ...next, tenantId: sampleProvider().tenantId };
      assert.deepEqual(changed, expected);
      assert.deepEqual(await store.providers.list(), [expected]);
    });

    it('changes nothing when the updater throws', async () => {
      await using store = await opened();
      await store.providers.create(sampleProvider());
      const update = store.providers.update(sampleProvider().id, () => {
        throw new RangeError('no');
      });
      await assert.rejects(update, RangeError);
      assert.deepEqual(await store.providers.list(), [sampleProvider()]);
    });

    it('applies all of 50 concurrent updates', async () => {
      await using store = await opened();
      await store.providers.create(sampleProvider({ scopes: [] }));
      const add = (n: number) => store.providers.update(sampleProvider().id, (old) => ({ ...old, scopes: [...old.scopes, `s${n}`] }));
      await Promise.all(times(50, add));
      assert.equal(new Set((await store.providers.find(sampleProvider().id))?.scopes).size, 50);
    });

    it('is removed once', async () => {
      await using store = await opened();
      const kept = sampleProvider({ id: providerId('kept') });
      for (const provider of [sampleProvider(), kept]) await store.providers.create(provider);
      assert.equal(winners(await Promise.all(times(10, () => store.providers.remove(sampleProvider())))), 1);
      assert.deepEqual(await store.providers.list(), [kept]);
    });

    it('is removed as that of its tenant alone', async () => {
      await using store = await opened();
      for (const tenantId of [sampleProvider().tenantId, undefined]) {
        const provider = sampleProvider({ tenantId });
        await store.providers.create(provider);
        for (const wrong of [store.other.id, undefined, sampleProvider().tenantId])
          if (wrong !== tenantId) assert.equal(await store.providers.remove({ ...provider, tenantId: wrong }), false);
        assert.equal(await store.providers.remove(provider), true);
      }
    });

    it('hands out copies', async () => {
      await using store = await opened();
      const given = sampleProvider();
      await store.providers.create(given);
      given.createdAt.setTime(0);
      const found = await store.providers.find(given.id);
      assert.ok(found);
      found.updatedAt.setTime(0);
      Reflect.set(found.scopes, 0, 'everything');
      assert.deepEqual(await store.providers.find(given.id), sampleProvider());
    });
  });
}
