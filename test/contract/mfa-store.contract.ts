import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountId } from '../../src/domain/accounts/account.ts';
import { type Harness, type OpenHarness, times, winners } from './harness.ts';
import { numberedAccount, sampleFactor, seedPeople } from './samples.ts';

export function mfaStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: second-factor store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      assert.deepEqual(await mfa.find(tenant.id, account.id), sampleFactor());
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 3);
    });

    it('knows nothing of someone who is not enrolled', async () => {
      await using harness = await open();
      const { mfa, tenant } = await enrolled(harness);
      const nobody = accountId('nobody');
      assert.equal(await mfa.find(tenant.id, nobody), undefined);
      assert.equal(await mfa.acceptStep(tenant.id, nobody, 1), false);
      assert.equal(await mfa.useRecoveryCode(tenant.id, nobody, 'c1'), false);
      assert.equal(await mfa.countRecoveryCodes(tenant.id, nobody), 0);
      assert.equal(await mfa.remove(tenant.id, nobody), false);
    });

    it('shows no tenant another one’s factors', async () => {
      await using harness = await open();
      const { mfa, tenant, other, account } = await enrolled(harness);
      const step = sampleFactor().lastStep + 1;
      assert.equal(await mfa.find(other.id, account.id), undefined);
      assert.equal(await mfa.acceptStep(other.id, account.id, step), false);
      assert.equal(await mfa.useRecoveryCode(other.id, account.id, 'c1'), false);
      assert.equal(await mfa.countRecoveryCodes(other.id, account.id), 0);
      assert.equal(await mfa.remove(other.id, account.id), false);
      assert.deepEqual(await mfa.find(tenant.id, account.id), sampleFactor());
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 3);
    });

    // Security checklist 83.
    it('accepts a step only when it is later than all before', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      const { lastStep } = sampleFactor();
      const accept = (step: number) => mfa.acceptStep(tenant.id, account.id, step);
      assert.equal(await accept(lastStep - 1), false);
      assert.equal(await accept(lastStep), false);
      assert.equal(await accept(lastStep + 2), true);
      assert.equal(await accept(lastStep + 2), false);
      assert.equal(await accept(lastStep + 1), false);
      assert.equal((await mfa.find(tenant.id, account.id))?.lastStep, lastStep + 2);
    });

    it('accepts a step from exactly one of 50 concurrent callers', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      const answers = await Promise.all(times(50, () => mfa.acceptStep(tenant.id, account.id, sampleFactor().lastStep + 1)));
      assert.equal(winners(answers), 1);
    });

    // Security checklist 88.
    it('lets exactly one of 50 concurrent callers use a recovery code', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      assert.equal(await mfa.useRecoveryCode(tenant.id, account.id, 'unknown'), false);
      const answers = await Promise.all(times(50, () => mfa.useRecoveryCode(tenant.id, account.id, 'c2')));
      assert.equal(winners(answers), 1);
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 2);
      assert.equal(await mfa.useRecoveryCode(tenant.id, account.id, 'c3'), true);
    });

    it('leaves a factor and its codes as they are when another is to be enrolled', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      assert.equal(await mfa.enrol(tenant.id, sampleFactor({ sealedSecret: 'v1.next', lastStep: 5 }), ['n1']), false);
      assert.deepEqual(await mfa.find(tenant.id, account.id), sampleFactor());
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 3);
      assert.equal(await mfa.useRecoveryCode(tenant.id, account.id, 'n1'), false);
      await mfa.remove(tenant.id, account.id);
      const next = sampleFactor({ sealedSecret: 'v1.next', lastStep: 5 });
      assert.equal(await mfa.enrol(tenant.id, next, ['n1']), true);
      assert.deepEqual(await mfa.find(tenant.id, account.id), next);
    });

    it('enrols exactly one of 20 concurrent callers, with the codes of that one', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      await mfa.remove(tenant.id, account.id);
      const enrol = (n: number) => mfa.enrol(tenant.id, sampleFactor({ sealedSecret: `v1.${n}` }), [`a${n}`, `b${n}`]);
      const answers = await Promise.all(times(20, enrol));
      assert.equal(winners(answers), 1);
      const winner = answers.indexOf(true);
      assert.equal((await mfa.find(tenant.id, account.id))?.sealedSecret, `v1.${winner}`);
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 2);
      assert.equal(await mfa.useRecoveryCode(tenant.id, account.id, `a${winner}`), true);
    });

    it('keeps two people’s codes apart', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      const second = numberedAccount(1);
      await harness.storage.accounts.create(second);
      await mfa.enrol(tenant.id, sampleFactor({ accountId: second.id }), ['c1']);
      assert.equal(await mfa.useRecoveryCode(tenant.id, second.id, 'c1'), true);
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 3);
    });

    it('removes factor and codes, once', async () => {
      await using harness = await open();
      const { mfa, tenant, account } = await enrolled(harness);
      const answers = await Promise.all(times(10, () => mfa.remove(tenant.id, account.id)));
      assert.equal(winners(answers), 1);
      assert.equal(await mfa.find(tenant.id, account.id), undefined);
      assert.equal(await mfa.countRecoveryCodes(tenant.id, account.id), 0);
    });
  });
}

async function enrolled({ storage }: Harness) {
  const people = await seedPeople(storage);
  await storage.mfa.enrol(people.tenant.id, sampleFactor(), ['c1', 'c2', 'c3']);
  return { ...people, mfa: storage.mfa };
}
