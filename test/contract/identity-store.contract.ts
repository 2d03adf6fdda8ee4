import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountId } from '../../src/domain/accounts/account.ts';
import { type FederatedIdentity, identityId } from '../../src/domain/federation/identity.ts';
import { providerId } from '../../src/domain/federation/upstream-provider.ts';
import { type OpenHarness, times } from './harness.ts';
import { numberedAccount, sampleIdentity, seedPeople } from './samples.ts';

const { id: ID, issuer: ISSUER, subject: SUBJECT } = sampleIdentity();

/** Number n of many: id and subject are its own. */
function numbered(n: number, changes: Partial<FederatedIdentity> = {}): FederatedIdentity {
  return sampleIdentity({ id: identityId(`identity-${n}`), subject: `subject-${n}`, linkedAt: new Date(n * 1000), ...changes });
}

export function identityStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: identity store`, () => {
    const opened = async () => {
      const harness = await open();
      const people = await seedPeople(harness.storage);
      const { identities, accounts } = harness.storage;
      return { ...people, identities, accounts, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() };
    };

    it('gives back what it was given', async () => {
      await using store = await opened();
      await store.identities.create(sampleIdentity());
      assert.deepEqual(await store.identities.find(ISSUER, SUBJECT), sampleIdentity());
      assert.deepEqual(await store.identities.list(store.tenant.id, store.account.id), [sampleIdentity()]);
    });

    it('keeps what is undefined or empty', async () => {
      await using store = await opened();
      const bare = sampleIdentity({ label: '', lastSignInAt: undefined });
      await store.identities.create(bare);
      assert.deepEqual(await store.identities.find(ISSUER, SUBJECT), bare);
    });

    it('finds by issuer and subject together, to the letter', async () => {
      await using store = await opened();
      await store.identities.create(sampleIdentity());
      for (const [issuer, subject] of [
        ['https://other.example', SUBJECT],
        [ISSUER, SUBJECT.toLowerCase()],
        [ISSUER, SUBJECT.normalize('NFD')],
        [ISSUER.toUpperCase(), SUBJECT],
        [`${ISSUER}/`, SUBJECT],
        [SUBJECT, ISSUER],
        [ISSUER, ''],
      ] as const)
        assert.equal(await store.identities.find(issuer, subject), undefined, `${issuer} ${subject}`);
    });

    it('refuses what is linked already, to whomever and by whatever provider', async () => {
      await using store = await opened();
      const neighbour = numberedAccount(1, { tenantId: store.other.id });
      await store.accounts.create(neighbour);
      await store.identities.create(sampleIdentity());
      const theirs = { id: identityId('new'), tenantId: store.other.id, accountId: neighbour.id, providerId: providerId('other') };
      await assert.rejects(store.identities.create(sampleIdentity(theirs)), { name: 'AlreadyExistsError', field: 'identity' });
      await assert.rejects(store.identities.create(sampleIdentity({ id: identityId('new') })), { field: 'identity' });
      await assert.rejects(store.identities.create(sampleIdentity({ subject: 'new' })), { name: 'AlreadyExistsError', field: 'id' });
      assert.deepEqual(await store.identities.list(store.tenant.id, store.account.id), [sampleIdentity()]);
      await store.identities.create(sampleIdentity({ ...theirs, subject: 'another' }));
    });

    it('has one winner of many who link the same identity to different accounts', async () => {
      await using store = await opened();
      const people = times(10, (n) => numberedAccount(n));
      for (const person of people) await store.accounts.create(person);
      const attempts = people.map(({ id: accountId }, n) =>
        store.identities.create(sampleIdentity({ id: identityId(`i${n}`), accountId })),
      );
      const results = await Promise.allSettled(attempts);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      const linked = await Promise.all(people.map(({ tenantId, id }) => store.identities.list(tenantId, id)));
      assert.deepEqual(linked.flat(), [await store.identities.find(ISSUER, SUBJECT)]);
    });

    it('links nobody who is not there, and keeps nobody out by it', async () => {
      await using store = await opened();
      for (const nobody of [{ accountId: accountId('nobody') }, { tenantId: store.other.id }])
        await assert.rejects(store.identities.create(sampleIdentity(nobody)), { name: 'NotFoundError' });
      assert.equal(await store.identities.find(ISSUER, SUBJECT), undefined);
      await store.identities.create(sampleIdentity());
    });

    it('notes the last sign-in and what the provider calls the person, and nothing else', async () => {
      await using store = await opened();
      for (const identity of [sampleIdentity(), numbered(2)]) await store.identities.create(identity);
      const at = new Date('2026-03-04T05:06:07.089Z');
      await store.identities.noteSignIn(ID, 'Ada “L”', at);
      assert.deepEqual(await store.identities.find(ISSUER, SUBJECT), sampleIdentity({ label: 'Ada “L”', lastSignInAt: at }));
      assert.deepEqual(await store.identities.find(ISSUER, 'subject-2'), numbered(2));
      await store.identities.noteSignIn(identityId('gone'), 'x', at);
    });

    it('lists those of an account, oldest first, and shows no tenant another one’s', async () => {
      await using store = await opened();
      await store.accounts.create(numberedAccount(1));
      for (const n of [3, 1, 2]) await store.identities.create(numbered(n));
      await store.identities.create(numbered(4, { accountId: numberedAccount(1).id }));
      assert.deepEqual(await store.identities.list(store.tenant.id, store.account.id), [numbered(1), numbered(2), numbered(3)]);
      assert.deepEqual(await store.identities.list(store.other.id, store.account.id), []);
      assert.equal(await store.identities.remove(store.other.id, store.account.id, numbered(1).id, []), 'absent');
      assert.equal(await store.identities.remove(store.tenant.id, store.account.id, numbered(4).id, []), 'absent');
    });

    it('is removed once, and can be linked again', async () => {
      await using store = await opened();
      for (const identity of [sampleIdentity(), numbered(2)]) await store.identities.create(identity);
      const answers = await Promise.all(times(10, () => store.identities.remove(store.tenant.id, store.account.id, ID, [])));
      assert.deepEqual(answers.toSorted(), [...times(9, () => 'absent'), 'removed']);
      assert.deepEqual(await store.identities.list(store.tenant.id, store.account.id), [numbered(2)]);
      await store.identities.create(sampleIdentity());
    });

    it('stays when it is the last way in', async () => {
      await using store = await opened();
      const person = numberedAccount(1, { passwordHash: undefined });
      const neighbour = numberedAccount(2, { passwordHash: undefined });
      for (const account of [person, neighbour]) await store.accounts.create(account);
      const of = (n: number, changes = {}) => numbered(n, { accountId: person.id, ...changes });
      const remove = (n: number, ways = [1, 3, 4]) =>
        store.identities.remove(
          person.tenantId,
          person.id,
          of(n).id,
          ways.map((each) => of(each).id),
        );
      for (const identity of [of(1), of(2), numbered(3, { accountId: neighbour.id })]) await store.identities.create(identity);
      assert.equal(await remove(1), 'last', 'neither one that is of no use nor somebody else’s is a way in');
      assert.equal(await remove(1, []), 'last');
      assert.equal(await remove(2), 'removed');
      await store.identities.create(of(4));
      assert.deepEqual([await remove(1), await remove(1), await remove(4)], ['removed', 'absent', 'last']);
      assert.deepEqual(await store.identities.find(ISSUER, 'subject-4'), of(4));
      await store.accounts.update(person.tenantId, person.id, (old) => ({ ...old, passwordHash: 'set' }));
      assert.equal(await remove(4, []), 'removed');
      assert.deepEqual(await store.identities.list(person.tenantId, person.id), []);
    });

    it('leaves one of several that are removed at once', async () => {
      await using store = await opened();
      const { tenantId, id: accountId, ...person } = numberedAccount(1, { passwordHash: undefined });
      await store.accounts.create({ ...person, tenantId, id: accountId });
      const all = times(5, (n) => numbered(n, { accountId }));
      for (const identity of all) await store.identities.create(identity);
      const ways = all.map(({ id }) => id);
      const answers = await Promise.all(all.map(({ id }) => store.identities.remove(tenantId, accountId, id, ways)));
      assert.deepEqual(answers.toSorted(), ['last', ...times(4, () => 'removed')]);
      assert.equal((await store.identities.list(tenantId, accountId)).length, 1);
    });

    it('ends with its account, and can be linked to another', async () => {
      await using store = await opened();
      const heir = numberedAccount(1);
      await store.accounts.create(heir);
      for (const identity of [sampleIdentity(), numbered(2), numbered(3, { accountId: heir.id })]) await store.identities.create(identity);
      await store.accounts.remove(store.other.id, store.account.id);
      assert.equal((await store.identities.list(store.tenant.id, store.account.id)).length, 2, 'another tenant removes nothing');
      await store.accounts.remove(store.tenant.id, store.account.id);
      assert.deepEqual(await store.identities.list(store.tenant.id, store.account.id), []);
      assert.equal(await store.identities.find(ISSUER, SUBJECT), undefined);
      assert.deepEqual(await store.identities.list(heir.tenantId, heir.id), [numbered(3, { accountId: heir.id })]);
      await store.identities.create(sampleIdentity({ accountId: heir.id }));
    });

    it('is gone in the end when account and link are at it at once', async () => {
      await using store = await opened();
      const people = times(10, (n) => numberedAccount(n));
      for (const person of people) await store.accounts.create(person);
      const linking = people.map(({ id }, n) => store.identities.create(numbered(n, { accountId: id })));
      await Promise.allSettled([...linking, ...people.map(({ tenantId, id }) => store.accounts.remove(tenantId, id))]);
      for (const n of people.keys()) {
        assert.equal(await store.identities.find(ISSUER, `subject-${n}`), undefined);
        await store.identities.create(numbered(n));
      }
    });

    it('hands out copies', async () => {
      await using store = await opened();
      const given = sampleIdentity();
      await store.identities.create(given);
      given.linkedAt.setTime(0);
      const found = await store.identities.find(ISSUER, SUBJECT);
      assert.ok(found?.lastSignInAt);
      found.lastSignInAt.setTime(0);
      assert.deepEqual(await store.identities.find(ISSUER, SUBJECT), sampleIdentity());
    });
  });
}
