import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantId } from '../../src/domain/tenants/tenant.ts';
import { type OpenHarness, times } from './harness.ts';
import { sampleTenant } from './samples.ts';

export function tenantStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: tenant store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      await tenants.create(sampleTenant());
      assert.deepEqual(await tenants.find(tenantId('tenant-a')), sampleTenant());
      assert.deepEqual(await tenants.findBySlug('acme'), sampleTenant());
    });

    it('answers undefined for what is not there', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      assert.equal(await tenants.find(tenantId('nobody')), undefined);
      assert.equal(await tenants.findBySlug('nobody'), undefined);
      assert.deepEqual(await tenants.list(), []);
      assert.equal(await tenants.update(tenantId('nobody'), () => assert.fail('there is nothing to change')), undefined);
    });

    it('names the field that is taken', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      await tenants.create(sampleTenant());
      await assert.rejects(tenants.create(sampleTenant({ slug: 'new' })), { name: 'AlreadyExistsError', field: 'id' });
      await assert.rejects(tenants.create(sampleTenant({ id: tenantId('new') })), { name: 'AlreadyExistsError', field: 'slug' });
      assert.equal((await tenants.list()).length, 1);
    });

    it('lists the oldest first', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      const made = [3, 1, 2].map((n) => sampleTenant({ id: tenantId(`t${n}`), slug: `s${n}`, createdAt: new Date(n * 1000) }));
      for (const tenant of made) await tenants.create(tenant);
      assert.deepEqual(
        (await tenants.list()).map((tenant) => tenant.id),
        ['t1', 't2', 't3'],
      );
    });

    it('lets one of many concurrent creations have a slug', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      const attempts = times(20, (n) => tenants.create(sampleTenant({ id: tenantId(`t${n}`) })));
      const results = await Promise.allSettled(attempts);
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
      assert.equal((await tenants.list()).length, 1);
    });

    it('keeps what is false or empty', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      const bare = sampleTenant({ disabled: false, registrationOpen: false, allowedAddresses: [] });
      await tenants.create(bare);
      assert.deepEqual(await tenants.find(bare.id), bare);
    });

    it('updates every field but id, slug and time of creation', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      await tenants.create(sampleTenant());
      const other = sampleTenant({ id: tenantId('tenant-b'), slug: 'other' });
      await tenants.create(other);
      const change = { name: 'New', disabled: false, registrationOpen: false, allowedAddresses: ['10.0.0.0/8'] };
      const changed = await tenants.update(sampleTenant().id, (old) => {
        assert.deepEqual(old, sampleTenant());
        return { ...change, id: tenantId('moved'), slug: 'moved', createdAt: new Date(5) };
      });
      assert.deepEqual(changed, sampleTenant(change));
      assert.deepEqual(await tenants.find(sampleTenant().id), sampleTenant(change));
      assert.deepEqual(await tenants.findBySlug('other'), other);
    });

    it('changes nothing when the updater throws', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      await tenants.create(sampleTenant());
      const update = tenants.update(sampleTenant().id, () => {
        throw new RangeError('no');
      });
      await assert.rejects(update, RangeError);
      assert.deepEqual(await tenants.find(sampleTenant().id), sampleTenant());
    });

    it('applies all of 50 concurrent updates', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      await tenants.create(sampleTenant({ allowedAddresses: [] }));
      const allow = (n: number) =>
        tenants.update(sampleTenant().id, (old) => ({ ...old, allowedAddresses: [...old.allowedAddresses, `192.0.2.${n}`] }));
      await Promise.all(times(50, allow));
      assert.equal(new Set((await tenants.find(sampleTenant().id))?.allowedAddresses).size, 50);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { tenants } = harness.storage;
      const given = sampleTenant();
      await tenants.create(given);
      given.createdAt.setTime(0);
      const found = await tenants.find(given.id);
      assert.ok(found);
      found.createdAt.setTime(0);
      Reflect.set(found, 'name', 'changed');
      assert.deepEqual(await tenants.find(given.id), sampleTenant());
    });
  });
}
