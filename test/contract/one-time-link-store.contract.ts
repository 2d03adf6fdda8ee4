import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { after, type OpenHarness, times, winners } from './harness.ts';
import { linkDigest, numberedAccount, sampleLink, seedPeople } from './samples.ts';

export function oneTimeLinkStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: one-time link store`, () => {
    it('gives back what it was given, as often as asked', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      const setup = sampleLink({ digest: linkDigest('setup'), purpose: 'first-administrator', accountId: undefined });
      await storage.links.put(sampleLink());
      await storage.links.put(setup);
      for (const _ of [1, 2]) {
        assert.deepEqual(await storage.links.find(sampleLink().digest, clock.now()), sampleLink());
        assert.deepEqual(await storage.links.find(setup.digest, clock.now()), setup);
      }
      assert.equal(await storage.links.find(linkDigest('other'), clock.now()), undefined);
      assert.equal(await storage.links.take(linkDigest('other'), clock.now()), false);
    });

    // Security checklist 89.
    it('is taken by exactly one of 50 concurrent callers, and gone then', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      await storage.links.put(sampleLink());
      const answers = await Promise.all(times(50, () => storage.links.take(sampleLink().digest, clock.now())));
      assert.equal(winners(answers), 1);
      assert.equal(await storage.links.find(sampleLink().digest, clock.now()), undefined);
    });

    it('is dead from the moment it expires, swept or not', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      const link = sampleLink({ expiresAt: after(clock, 60) });
      await storage.links.put(link);
      clock.advance(59.999);
      assert.ok(await storage.links.find(link.digest, clock.now()));
      clock.advance(0.001);
      assert.equal(await storage.links.find(link.digest, clock.now()), undefined);
      assert.equal(await storage.links.take(link.digest, clock.now()), false);
    });

    it('keeps nothing whose time is already over', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      const link = sampleLink({ expiresAt: after(clock, -1) });
      await storage.links.put(link);
      assert.equal(await storage.links.find(link.digest, clock.now()), undefined);
      assert.equal(await storage.links.take(link.digest, clock.now()), false);
    });

    it('lets only the newest of a purpose and account work', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await seedPeople(storage);
      const other = numberedAccount(1);
      await storage.accounts.create(other);
      const link = (digest: string, changes: Parameters<typeof sampleLink>[0] = {}) =>
        storage.links.put(sampleLink({ digest: linkDigest(digest), ...changes }));
      await link('old');
      await link('setup-old', { purpose: 'first-administrator', accountId: undefined });
      await link('of-another', { accountId: other.id });
      await link('new');
      await link('setup-new', { purpose: 'first-administrator', accountId: undefined });
      const alive = async (digest: string) => (await storage.links.find(linkDigest(digest), clock.now())) !== undefined;
      assert.deepEqual(await Promise.all(['old', 'setup-old', 'of-another', 'new', 'setup-new'].map(alive)), [
        false,
        false,
        true,
        true,
        true,
      ]);
    });

    it('removes what belongs to an account', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { account } = await seedPeople(storage);
      await storage.links.put(sampleLink());
      await storage.links.put(sampleLink({ digest: linkDigest('setup'), purpose: 'first-administrator', accountId: undefined }));
      await storage.links.removeFor(account.id);
      assert.equal(await storage.links.find(sampleLink().digest, clock.now()), undefined);
      assert.ok(await storage.links.find(linkDigest('setup'), clock.now()));
    });
  });
}
