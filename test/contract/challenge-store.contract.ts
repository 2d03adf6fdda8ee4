import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountId } from '../../src/domain/accounts/account.ts';
import { tenantId } from '../../src/domain/tenants/tenant.ts';
import { after, type OpenHarness, times, winners } from './harness.ts';
import { sampleChallenge } from './samples.ts';

export function challengeStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: login-challenge store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const bare = sampleChallenge({ id: 'bare', step: 'code', remember: false, sealedSecret: undefined, amr: [], credentialVersion: 0 });
      await storage.challenges.put(sampleChallenge());
      await storage.challenges.put(bare);
      assert.deepEqual(await storage.challenges.find('challenge-1', clock.now()), sampleChallenge());
      assert.deepEqual(await storage.challenges.find('bare', clock.now()), bare);
    });

    it('knows nothing of what is not there', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      assert.equal(await storage.challenges.find('x', clock.now()), undefined);
      assert.equal(await storage.challenges.countTry('x', clock.now()), 0);
      assert.equal(await storage.challenges.remove('x'), false);
    });

    it('replaces everything but the count of tries', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const next = sampleChallenge({
        tenantId: tenantId('tenant-b'),
        accountId: accountId('account-2'),
        credentialVersion: 8,
        step: 'codes',
        remember: false,
        sealedSecret: undefined,
        amr: ['mfa'],
        expiresAt: after(clock, 5),
      });
      await storage.challenges.put(sampleChallenge());
      assert.equal(await storage.challenges.countTry('challenge-1', clock.now()), 1);
      await storage.challenges.put(next);
      assert.deepEqual(await storage.challenges.find('challenge-1', clock.now()), next);
      assert.equal(await storage.challenges.countTry('challenge-1', clock.now()), 2);
    });

    it('is dead from the moment it expires, swept or not', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await storage.challenges.put(sampleChallenge({ expiresAt: after(clock, 60) }));
      clock.advance(59.999);
      assert.ok(await storage.challenges.find('challenge-1', clock.now()));
      clock.advance(0.001);
      assert.equal(await storage.challenges.find('challenge-1', clock.now()), undefined);
      assert.equal(await storage.challenges.countTry('challenge-1', clock.now()), 0);
      await storage.challenges.put(sampleChallenge({ id: 'late', expiresAt: after(clock, -1) }));
      assert.equal(await storage.challenges.find('late', clock.now()), undefined);
    });

    // Security checklist 85.
    it('counts each of 50 concurrent tries', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await storage.challenges.put(sampleChallenge());
      const counts = await Promise.all(times(50, () => storage.challenges.countTry('challenge-1', clock.now())));
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        times(50, (n) => n + 1),
      );
    });

    it('is removed by exactly one of 50 concurrent callers', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await storage.challenges.put(sampleChallenge());
      const answers = await Promise.all(times(50, () => storage.challenges.remove('challenge-1')));
      assert.equal(winners(answers), 1);
      assert.equal(await storage.challenges.find('challenge-1', clock.now()), undefined);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      await storage.challenges.put(sampleChallenge());
      const found = await storage.challenges.find('challenge-1', clock.now());
      assert.ok(found);
      Reflect.set(found.amr, 0, 'changed');
      found.expiresAt.setTime(0);
      assert.deepEqual(await storage.challenges.find('challenge-1', clock.now()), sampleChallenge());
    });
  });
}
