import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identityId } from '../../src/domain/federation/identity.ts';
import type { SealedTokens } from '../../src/domain/federation/upstream-token-store.ts';
import { after, type OpenHarness, times, winners } from './harness.ts';
import { sampleIdentity, sampleTokens, seedPeople } from './samples.ts';

const { id: ID } = sampleIdentity();
const FOREVER = new Date('2100-01-01T00:00:00Z');

export function upstreamTokenStoreContract(name: string, open: OpenHarness): void {
  describe(`${name}: upstream token store`, () => {
    const opened = async () => {
      const harness = await open();
      const { account } = await seedPeople(harness.storage);
      const { identities, accounts, upstreamTokens: tokens } = harness.storage;
      await identities.create(sampleIdentity());
      const all = () => tokens.due(FOREVER, 100);
      return {
        account,
        accounts,
        identities,
        tokens,
        all,
        clock: harness.clock,
        [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
      };
    };

    it('keeps the last that came, with the identity they are of', async () => {
      await using store = await opened();
      assert.deepEqual(await store.all(), []);
      for (const tokens of [sampleTokens({ sealed: 'v1.old' }), sampleTokens()]) await store.tokens.keep(ID, tokens);
      assert.deepEqual(await store.all(), [{ identity: sampleIdentity(), tokens: sampleTokens() }]);
      await store.tokens.keep(identityId('gone'), sampleTokens());
      assert.equal((await store.all()).length, 1);
    });

    it('shows no more than is asked for of what is due, the longest overdue first', async () => {
      await using store = await opened();
      for (const n of [3, 1, 2]) {
        const identity = sampleIdentity({ id: identityId(`i${n}`), subject: `${n}` });
        await store.identities.create(identity);
        await store.tokens.keep(identity.id, sampleTokens({ dueAt: after(store.clock, n * 60) }));
      }
      const due = async (seconds: number, limit: number) =>
        (await store.tokens.due(after(store.clock, seconds), limit)).map(({ identity }) => identity.id);
      assert.deepEqual(await due(59, 9), []);
      assert.deepEqual(await due(120, 9), ['i1', 'i2']);
      assert.deepEqual(await due(999, 1), ['i1']);
    });

    it('has one winner of many who swap the same, and none of those who hold what is not there any more', async () => {
      await using store = await opened();
      await store.tokens.keep(ID, sampleTokens());
      const next = (n: number): SealedTokens => ({ sealed: `v1.${n}`, dueAt: after(store.clock, n) });
      const answers = await Promise.all(times(10, (n) => store.tokens.swap(ID, sampleTokens(), next(n))));
      assert.equal(winners(answers), 1);
      const [kept] = await store.all();
      assert.deepEqual(kept?.tokens, next(answers.indexOf(true)));
      const { sealed, dueAt } = next(answers.indexOf(true));
      for (const old of [sampleTokens(), { sealed, dueAt: FOREVER }, { sealed: 'v1.other', dueAt }])
        for (const to of [undefined, sampleTokens()]) assert.equal(await store.tokens.swap(ID, old, to), false);
      assert.equal(await store.tokens.swap(identityId('gone'), { sealed, dueAt }, undefined), false);
      assert.equal(await store.tokens.swap(ID, { sealed, dueAt }, undefined), true);
      assert.deepEqual(await store.all(), []);
      assert.equal(await store.tokens.swap(ID, { sealed, dueAt }, sampleTokens()), false, 'what is forgotten does not come back');
      assert.deepEqual(await store.identities.find(sampleIdentity().issuer, sampleIdentity().subject), sampleIdentity());
    });

    it('forgets them with their identity, and with the account', async () => {
      await using store = await opened();
      const { tenantId, id } = store.account;
      const other = sampleIdentity({ id: identityId('other'), subject: 'other' });
      await store.identities.create(other);
      for (const each of [ID, other.id]) await store.tokens.keep(each, sampleTokens());
      await store.identities.remove(tenantId, id, ID, [other.id]);
      assert.deepEqual(await store.all(), [{ identity: other, tokens: sampleTokens() }]);
      await store.identities.create(sampleIdentity());
      assert.equal((await store.all()).length, 1, 'linking anew brings none back');
      await store.accounts.remove(tenantId, id);
      assert.deepEqual(await store.all(), []);
    });
  });
}
