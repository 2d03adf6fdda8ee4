import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Account, accountId, loginKey } from '../../src/domain/accounts/account.ts';
import { after, type Harness, type OpenHarness, times, winners } from './harness.ts';
import { linkDigest, numberedAccount, sampleAccount, sampleFactor, sampleLink, seedPeople } from './samples.ts';

export function accountStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: account store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant, account } = await seedPeople(harness.storage);
      const expected = sampleAccount();
      assert.deepEqual(await accounts.find(tenant.id, account.id), expected);
      assert.deepEqual(await accounts.findSubject(account.id), expected);
      assert.deepEqual(await accounts.findByLogin(loginKey(account.email)), expected);
      assert.deepEqual(await accounts.findByLogin(loginKey('ada.l')), expected);
    });

    it('keeps what is undefined or false', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant } = await seedPeople(harness.storage);
      const bare = numberedAccount(1, {
        username: undefined,
        displayName: undefined,
        phoneNumber: undefined,
        newsletter: false,
        passwordHash: undefined,
        emailVerified: false,
        superAdministrator: false,
        disabled: false,
        credentialVersion: 0,
      });
      await accounts.create(bare);
      assert.deepEqual(await accounts.find(tenant.id, bare.id), bare);
      await accounts.create(numberedAccount(2, { username: undefined })); // a second one without a username is no duplicate
    });

    it('answers undefined for what is not there', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant } = await seedPeople(harness.storage);
      const nobody = accountId('nobody');
      assert.equal(await accounts.find(tenant.id, nobody), undefined);
      assert.equal(await accounts.findSubject(nobody), undefined);
      assert.equal(await accounts.findByLogin(loginKey('nobody@example.com')), undefined);
      assert.equal(await accounts.findByLogin(loginKey('nobody')), undefined);
      assert.equal(await accounts.update(tenant.id, nobody, () => assert.fail('there is nothing to change')), undefined);
      assert.equal(await accounts.remove(tenant.id, nobody), false);
    });

    it('names the field that is taken, in every tenant', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, other } = await seedPeople(harness.storage);
      for (const tenantId of [account.tenantId, other.id]) {
        await assert.rejects(accounts.create(numberedAccount(1, { tenantId, id: account.id })), {
          name: 'AlreadyExistsError',
          field: 'id',
        });
        await assert.rejects(accounts.create(numberedAccount(1, { tenantId, email: account.email })), { field: 'email' });
        await assert.rejects(accounts.create(numberedAccount(1, { tenantId, username: account.username })), { field: 'username' });
      }
      assert.equal((await accounts.list(undefined, { limit: 10 })).length, 1);
    });

    // Security checklist 63: one person, however the name is spelt.
    for (const [what, email, username] of [
      ['upper case', 'ADA@EXAMPLE.COM', 'ADA.L'],
      ['full width', 'ａｄａ@example.com', 'ａｄａ.l'],
      ['zero-width characters', 'a\u200bda@example.com', 'ada\u200d.l'],
      ['spaces around', ' ada@example.com ', ' ada.l'],
    ] as const) {
      it(`takes ${what} for the same name`, async () => {
        await using harness = await open();
        const { accounts } = harness.storage;
        const { account } = await seedPeople(harness.storage);
        await assert.rejects(accounts.create(numberedAccount(1, { email })), { field: 'email' });
        await assert.rejects(accounts.create(numberedAccount(1, { username })), { field: 'username' });
        assert.equal((await accounts.findByLogin(loginKey(email)))?.id, account.id);
        assert.equal((await accounts.findByLogin(loginKey(username)))?.id, account.id);
      });
    }

    it('never takes an e-mail for a username', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      await seedPeople(harness.storage);
      assert.equal(await accounts.findByLogin(loginKey('ada.l@example.com')), undefined);
      assert.equal(await accounts.findByLogin(loginKey('ada')), undefined);
    });

    it('shows no tenant another one’s people', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, other } = await seedPeople(harness.storage);
      assert.equal(await accounts.find(other.id, account.id), undefined);
      assert.equal(await accounts.update(other.id, account.id, () => assert.fail('not theirs to change')), undefined);
      assert.deepEqual(await accounts.list(other.id, { limit: 10 }), []);
      assert.deepEqual(await accounts.find(account.tenantId, account.id), sampleAccount());
    });

    it('updates every field but id and tenant', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, tenant, other } = await seedPeople(harness.storage);
      const next = numberedAccount(9, {
        role: 'admin',
        emailVerified: false,
        superAdministrator: false,
        disabled: false,
        phoneNumber: '0 30',
        newsletter: false,
        displayName: 'New',
      });
      const expected = { ...next, id: account.id };
      const changed = await accounts.update(tenant.id, account.id, () => ({ ...next, tenantId: other.id }));
      assert.deepEqual(changed, expected);
      assert.deepEqual(await accounts.find(tenant.id, account.id), expected);
      assert.equal((await accounts.findByLogin(loginKey(next.email)))?.id, account.id);
      assert.equal(await accounts.findByLogin(loginKey(account.email)), undefined);
    });

    it('refuses an update to a taken name and changes nothing', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, tenant } = await seedPeople(harness.storage);
      await accounts.create(numberedAccount(1));
      const update = accounts.update(tenant.id, account.id, (old) => ({ ...old, displayName: 'New', email: 'PERSON0001@example.com' }));
      await assert.rejects(update, { name: 'AlreadyExistsError', field: 'email' });
      assert.deepEqual(await accounts.find(tenant.id, account.id), sampleAccount());
      await accounts.update(tenant.id, account.id, (old) => ({ ...old, email: 'ADA@example.com' })); // its own name in another spelling
    });

    it('changes nothing when the updater throws', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, tenant } = await seedPeople(harness.storage);
      const update = accounts.update(tenant.id, account.id, () => {
        throw new RangeError('no');
      });
      await assert.rejects(update, RangeError);
      assert.deepEqual(await accounts.find(tenant.id, account.id), sampleAccount());
    });

    it('applies all of 50 concurrent updates', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, tenant } = await seedPeople(harness.storage);
      const count = () => accounts.update(tenant.id, account.id, (old) => ({ ...old, credentialVersion: old.credentialVersion + 1 }));
      const seen = await Promise.all(times(50, count));
      assert.equal(new Set(seen.map((changed) => changed?.credentialVersion)).size, 50);
      assert.equal((await accounts.find(tenant.id, account.id))?.credentialVersion, account.credentialVersion + 50);
    });

    it('lets one of many concurrent creations have an e-mail', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      await seedPeople(harness.storage);
      const results = await Promise.allSettled(times(20, (n) => accounts.create(numberedAccount(n, { email: 'same@example.com' }))));
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
      for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.field, 'email');
    });

    it('lists by id, page by page, for one tenant or all', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant, other } = await seedPeople(harness.storage);
      await Promise.all([5, 2, 4, 1, 3].map((n) => accounts.create(numberedAccount(n, { tenantId: n % 2 === 0 ? other.id : tenant.id }))));
      const ids = async (...args: Parameters<typeof accounts.list>) => (await accounts.list(...args)).map((found) => found.id);
      assert.deepEqual(await ids(undefined, { limit: 3 }), ['account-0001', 'account-0002', 'account-0003']);
      assert.deepEqual(await ids(undefined, { after: 'account-0003', limit: 2 }), ['account-0004', 'account-0005']);
      assert.deepEqual(await ids(other.id, { limit: 10 }), ['account-0002', 'account-0004']);
      assert.deepEqual(await ids(other.id, { after: 'account-0002', limit: 10 }), ['account-0004']);
    });

    it('knows whether there is a super-administrator', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      assert.equal(await accounts.hasSuperAdministrator(), false);
      const { tenant, account } = await seedPeople(harness.storage);
      assert.equal(await accounts.hasSuperAdministrator(), true, 'a disabled one counts');
      await accounts.update(tenant.id, account.id, (old) => ({ ...old, superAdministrator: false }));
      assert.equal(await accounts.hasSuperAdministrator(), false);
    });

    it('is removed once, with its authenticator app, recovery codes and links, and nothing of anybody else', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant, account } = await seedPeople(harness.storage);
      const other = numberedAccount(1);
      await accounts.create(other);
      await equip(harness, account);
      await equip(harness, other);
      const answers = await Promise.all(times(10, () => accounts.remove(tenant.id, account.id)));
      assert.equal(winners(answers), 1);
      assert.equal(await accounts.findSubject(account.id), undefined);
      assert.equal(await accounts.findByLogin(loginKey(account.email)), undefined);
      assert.deepEqual(await equipment(harness, account), { factor: false, codes: 0, link: false });
      assert.deepEqual(await equipment(harness, other), { factor: true, codes: 2, link: true });
      assert.deepEqual(await accounts.find(tenant.id, other.id), other);
      await accounts.create(numberedAccount(2, { email: account.email, username: account.username })); // the names are free again
      assert.equal(await accounts.update(tenant.id, account.id, () => assert.fail('there is nothing to change')), undefined);
    });

    it('is not removed by another tenant, and keeps what it has', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { tenant, other, account } = await seedPeople(harness.storage);
      await equip(harness, account);
      assert.equal(await accounts.remove(other.id, account.id), false);
      assert.deepEqual(await accounts.find(tenant.id, account.id), sampleAccount());
      assert.deepEqual(await equipment(harness, account), { factor: true, codes: 2, link: true });
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { accounts } = harness.storage;
      const { account, tenant } = await seedPeople(harness.storage);
      account.createdAt.setTime(0);
      const found = await accounts.find(tenant.id, account.id);
      assert.ok(found);
      found.updatedAt.setTime(0);
      Reflect.set(found, 'role', 'admin');
      assert.deepEqual(await accounts.find(tenant.id, account.id), sampleAccount());
    });
  });
}

async function equip({ storage, clock }: Harness, { id, tenantId }: Account): Promise<void> {
  await storage.mfa.enrol(tenantId, sampleFactor({ accountId: id }), [`${id} 1`, `${id} 2`]);
  await storage.links.put(sampleLink({ digest: linkDigest(id), accountId: id, expiresAt: after(clock, 60) }));
}

async function equipment({ storage, clock }: Harness, { id, tenantId }: Account) {
  return {
    factor: (await storage.mfa.find(tenantId, id)) !== undefined,
    codes: await storage.mfa.countRecoveryCodes(tenantId, id),
    link: (await storage.links.find(linkDigest(id), clock.now())) !== undefined,
  };
}
