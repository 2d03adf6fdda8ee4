import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OpenHarness, times } from './harness.ts';
import { sampleKey } from './samples.ts';

export function keyStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: signing-key store`, () => {
    it('gives back what it was given, oldest first', async () => {
      await using harness = await open();
      const { keys } = harness.storage;
      assert.deepEqual(await keys.list(), []);
      const newer = sampleKey({ kid: 'kid-0', alg: 'RS256', active: false, createdAt: new Date(Date.now()) });
      await keys.add(newer);
      await keys.add(sampleKey());
      assert.deepEqual(await keys.list(), [sampleKey(), newer]);
    });

    it('names the field that is taken', async () => {
      await using harness = await open();
      const { keys } = harness.storage;
      await keys.add(sampleKey());
      await assert.rejects(keys.add(sampleKey({ alg: 'RS256' })), { name: 'AlreadyExistsError', field: 'kid' });
      await assert.rejects(keys.add(sampleKey({ kid: 'kid-2' })), { name: 'AlreadyExistsError', field: 'alg' });
      assert.equal((await keys.list()).length, 1);
    });

    it('holds many keys of an algorithm, one of them active', async () => {
      await using harness = await open();
      const { keys } = harness.storage;
      await keys.add(sampleKey());
      await keys.add(sampleKey({ kid: 'kid-2', active: false }));
      await keys.add(sampleKey({ kid: 'kid-3', active: false }));
      await keys.add(sampleKey({ kid: 'kid-4', alg: 'RS256' }));
      assert.equal((await keys.list()).length, 4);
    });

    it('lets one of many first starts add the active key', async () => {
      await using harness = await open();
      const { keys } = harness.storage;
      const results = await Promise.allSettled(times(50, (n) => keys.add(sampleKey({ kid: `kid-${n}` }))));
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
      assert.equal((await keys.list()).length, 1);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { keys } = harness.storage;
      await keys.add(sampleKey());
      const [found] = await keys.list();
      assert.ok(found);
      Reflect.set(found.publicJwk, 'x', 'changed');
      found.createdAt.setTime(0);
      assert.deepEqual(await keys.list(), [sampleKey()]);
    });
  });
}
