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
