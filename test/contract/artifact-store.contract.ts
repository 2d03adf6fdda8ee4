import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Artifact, NameIndex, OwnerIndex } from '../../src/domain/tokens/artifact-store.ts';
import { epochSeconds } from '../../src/lib/clock.ts';
import { after, type OpenHarness, times, winners } from './harness.ts';

const FULL = {
  payload: { text: 'Grüße “\u0000”', number: 1.5, yes: true, none: null, list: [1, { deep: ['x'] }], object: { __proto: 'x' } },
  grantId: 'grant-1',
  accountId: 'account-1',
  clientId: 'client-1',
  uid: 'uid-1',
  userCode: 'code-1',
  consumedAt: 1_767_322_000,
  members: { group: 'group-1', entries: { 'client-1': { sid: 's1' }, 'client-2': 'two' } },
} satisfies Artifact;

const NAMES: readonly NameIndex[] = ['uid', 'userCode'];
const OWNERS: readonly OwnerIndex[] = ['grantId', 'accountId', 'clientId'];

/** @param members whether the store keeps artifacts with members */
export function artifactStoreContract(name: string, open: OpenHarness, { members = true } = {}): void {
  const full = members ? FULL : { ...FULL, members: undefined };
  describe(`${name}: artifact store`, () => {
    it('gives back what it was given', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'a', full, after(harness.clock, 60));
      assert.deepEqual(await artifacts.find('Session', 'a'), full);
      const entry = { id: 'a', artifact: full };
      for (const index of NAMES) assert.deepEqual(await artifacts.findBy('Session', index, String(full[index])), entry);
      for (const index of OWNERS) assert.deepEqual(await artifacts.list('Session', index, String(full[index])), [entry]);
    });

    it('keeps a bare one for ever', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Grant', 'a', { payload: {} }, undefined);
      harness.clock.advance(100 * 365 * 86_400);
      await harness.storage.sweep(harness.clock.now());
      const found = await artifacts.find('Grant', 'a');
      assert.deepEqual(found && Object.entries(found).filter(([, value]) => value !== undefined), [['payload', {}]]);
    });

    it('answers undefined for what is not there', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'a', { payload: {}, uid: 'u' }, undefined);
      assert.equal(await artifacts.find('Session', 'b'), undefined);
      assert.equal(await artifacts.find('Grant', 'a'), undefined, 'another kind');
      assert.equal(await artifacts.findBy('Session', 'uid', 'v'), undefined);
      assert.equal(await artifacts.findBy('Grant', 'uid', 'u'), undefined);
      assert.equal(await artifacts.findBy('Session', 'userCode', 'u'), undefined);
      assert.deepEqual(await artifacts.list('Session', 'grantId', 'u'), []);
      assert.equal(await artifacts.consume('Session', 'b'), false);
      assert.equal(await artifacts.removeBy('grantId', 'u'), 0);
      await artifacts.remove('Session', 'b');
    });

    it('replaces what is under the same id, indexes included', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'a', { payload: { n: 1 }, uid: 'old', grantId: 'g' }, after(harness.clock, 10));
      await artifacts.put('Session', 'a', { payload: { n: 2 }, uid: 'new' }, after(harness.clock, 100));
      assert.equal(await artifacts.findBy('Session', 'uid', 'old'), undefined);
      assert.deepEqual(await artifacts.list('Session', 'grantId', 'g'), []);
      harness.clock.advance(50);
      assert.deepEqual((await artifacts.findBy('Session', 'uid', 'new'))?.artifact.payload, { n: 2 });
    });

    it('returns nothing that has expired, swept or not', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { artifacts } = storage;
      const artifact = { payload: {}, uid: 'u', grantId: 'g' };
      await artifacts.put('Session', 'a', artifact, after(clock, 60));
      clock.advance(59.999);
      assert.ok(await artifacts.find('Session', 'a'));
      clock.advance(0.001);
      for (const swept of [false, true]) {
        if (swept) await storage.sweep(clock.now());
        assert.equal(await artifacts.find('Session', 'a'), undefined);
        assert.equal(await artifacts.findBy('Session', 'uid', 'u'), undefined);
        assert.deepEqual(await artifacts.list('Session', 'grantId', 'g'), []);
        assert.equal(await artifacts.consume('Session', 'a'), false);
      }
    });

    it('keeps nothing whose time is already over', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'a', { payload: { old: true } }, after(harness.clock, 60));
      await artifacts.put('Session', 'a', { payload: {} }, after(harness.clock, -1));
      assert.equal(await artifacts.find('Session', 'a'), undefined);
      assert.equal(await artifacts.putOnce('Session', 'b', { payload: {} }, harness.clock.now()), true);
      assert.equal(await artifacts.find('Session', 'b'), undefined);
    });

    // Security checklist 22, 26.
    it('lets exactly one of 50 concurrent callers consume, and stays readable', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('AuthorizationCode', 'c', { payload: { n: 1 } }, after(harness.clock, 60));
      assert.equal((await artifacts.find('AuthorizationCode', 'c'))?.consumedAt, undefined);
      const answers = await Promise.all(times(50, () => artifacts.consume('AuthorizationCode', 'c')));
      assert.equal(winners(answers), 1);
      const found = await artifacts.find('AuthorizationCode', 'c');
      assert.equal(found?.consumedAt, epochSeconds(harness.clock.now()));
      assert.deepEqual(found?.payload, { n: 1 });
    });

    it('keeps the consumed mark when it is put again', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const marked = epochSeconds(harness.clock.now());
      await artifacts.put('RefreshToken', 'r', { payload: {} }, after(harness.clock, 60));
      await artifacts.consume('RefreshToken', 'r');
      harness.clock.advance(5);
      await artifacts.put('RefreshToken', 'r', { payload: { again: true } }, after(harness.clock, 60));
      await artifacts.put('RefreshToken', 'r', { payload: { again: true }, consumedAt: marked + 5 }, after(harness.clock, 60));
      assert.equal((await artifacts.find('RefreshToken', 'r'))?.consumedAt, marked);
      assert.equal(await artifacts.consume('RefreshToken', 'r'), false);
    });

    it('forgets the consumed mark of what has expired', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('DeviceCode', 'd', { payload: {} }, after(harness.clock, 60));
      await artifacts.consume('DeviceCode', 'd');
      harness.clock.advance(60);
      await artifacts.put('DeviceCode', 'd', { payload: {} }, after(harness.clock, 60));
      assert.equal(await artifacts.consume('DeviceCode', 'd'), true);
    });

    // Security checklist 32.
    it('is put once by exactly one of 50 concurrent callers', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const put = (n: number) => artifacts.putOnce('ReplayDetection', 'j', { payload: { n } }, after(harness.clock, 60));
      const answers = await Promise.all(times(50, put));
      assert.equal(winners(answers), 1);
      assert.deepEqual((await artifacts.find('ReplayDetection', 'j'))?.payload, { n: answers.indexOf(true) });
    });

    it('can be put once again when the old one has expired', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const put = (n: number) => artifacts.putOnce('ReplayDetection', 'j', { payload: { n } }, after(harness.clock, 60));
      assert.equal(await put(1), true);
      harness.clock.advance(60);
      assert.deepEqual([await put(2), await put(3)], [true, false]);
      assert.deepEqual((await artifacts.find('ReplayDetection', 'j'))?.payload, { n: 2 });
    });

    it('lets nothing that lives for ever be put once', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('ReplayDetection', 'j', { payload: {} }, undefined);
      assert.equal(await artifacts.putOnce('ReplayDetection', 'j', { payload: {} }, after(harness.clock, 60)), false);
    });

    it('finds the newer one by an index two share for a moment', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'z-old', { payload: {}, uid: 'u' }, after(harness.clock, 60));
      await artifacts.put('Session', 'a-new', { payload: {}, uid: 'u' }, after(harness.clock, 60));
      assert.equal((await artifacts.findBy('Session', 'uid', 'u'))?.id, 'a-new');
    });

    it('lists one kind by an index', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const put = (kind: string, id: string, accountId: string) => artifacts.put(kind, id, { payload: { id }, accountId }, undefined);
      await Promise.all([put('Session', '1', 'a'), put('Session', '2', 'a'), put('Session', '3', 'b'), put('Grant', '4', 'a')]);
      const listed = await artifacts.list('Session', 'accountId', 'a');
      assert.deepEqual(listed.map(({ id, artifact }) => [id, artifact.payload]).sort(), [
        ['1', { id: '1' }],
        ['2', { id: '2' }],
      ]);
    });

    it('removes one', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'a', full, undefined);
      await artifacts.put('Session', 'b', { payload: {} }, undefined);
      await artifacts.remove('Session', 'a');
      assert.equal(await artifacts.find('Session', 'a'), undefined);
      assert.equal(await artifacts.findBy('Session', 'uid', 'uid-1'), undefined);
      assert.ok(await artifacts.find('Session', 'b'));
    });

    it('removes what carries a value, of all kinds or of the named ones', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const put = (kind: string, id: string, grantId: string) => artifacts.put(kind, id, { payload: {}, grantId }, undefined);
      await Promise.all([
        put('Grant', 'g', 'g1'),
        put('AccessToken', 'a', 'g1'),
        put('RefreshToken', 'r', 'g1'),
        put('AccessToken', 'o', 'g2'),
      ]);
      assert.equal(await artifacts.removeBy('grantId', 'g1', ['AccessToken', 'AuthorizationCode']), 1);
      assert.equal(await artifacts.removeBy('grantId', 'g1', []), 0);
      assert.equal(await artifacts.find('AccessToken', 'a'), undefined);
      assert.ok(await artifacts.find('RefreshToken', 'r'));
      assert.equal(await artifacts.removeBy('grantId', 'g1'), 2);
      assert.equal(await artifacts.find('Grant', 'g'), undefined);
      assert.ok(await artifacts.find('AccessToken', 'o'));
    });

    it('removes any number of them', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await Promise.all(times(450, (n) => artifacts.put('AccessToken', `t${n}`, { payload: {}, clientId: 'c' }, undefined)));
      assert.equal(await artifacts.removeBy('clientId', 'c'), 450);
      assert.deepEqual(await artifacts.list('AccessToken', 'clientId', 'c'), []);
    });

    it('hands out copies', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const given = structuredClone(full);
      await artifacts.put('Session', 'a', given, undefined);
      Reflect.set(given.payload, 'text', 'changed');
      const found = await artifacts.find('Session', 'a');
      assert.ok(found);
      Reflect.set(found.payload, 'text', 'changed');
      if (found.members) Reflect.set(found.members.entries, 'client-1', 'changed');
      assert.deepEqual(await artifacts.find('Session', 'a'), full);
    });
  });

  describe(`${name}: members of an artifact`, { skip: !members }, () => {
    const session = (group: string, entries: Record<string, string>): Artifact => ({ payload: {}, members: { group, entries } });

    it('add up over puts, the newer of one name wins', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 's', session('g', { a: '1', b: '1' }), after(harness.clock, 60));
      await artifacts.put('Session', 's', session('g', { b: '2', c: '2' }), after(harness.clock, 60));
      assert.deepEqual((await artifacts.find('Session', 's'))?.members, { group: 'g', entries: { a: '1', b: '2', c: '2' } });
    });

    it('are all there after 50 concurrent puts that know nothing of each other', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await Promise.all(times(50, (n) => artifacts.put('Session', 's', session('g', { [`client-${n}`]: 'x' }), after(harness.clock, 60))));
      assert.equal(Object.keys((await artifacts.find('Session', 's'))?.members?.entries ?? {}).length, 50);
    });

    it('are shared within their kind and group, and by no other', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 'old-id', session('g', { a: '1' }), after(harness.clock, 60));
      await artifacts.put('Session', 'new-id', session('g', { b: '1' }), after(harness.clock, 60));
      await artifacts.put('Session', 'stranger', session('h', { c: '1' }), after(harness.clock, 60));
      await artifacts.put('Other', 'stranger', session('g', { d: '1' }), after(harness.clock, 60));
      await artifacts.remove('Session', 'old-id');
      assert.deepEqual((await artifacts.find('Session', 'new-id'))?.members?.entries, { a: '1', b: '1' });
      assert.deepEqual((await artifacts.find('Session', 'stranger'))?.members?.entries, { c: '1' });
      assert.deepEqual((await artifacts.find('Other', 'stranger'))?.members?.entries, { d: '1' });
    });

    it('live as long as the last put of their group, and end with it', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      await artifacts.put('Session', 's', session('g', { a: '1' }), after(harness.clock, 60));
      await artifacts.put('Session', 's', session('g', { b: '1' }), after(harness.clock, 120));
      await artifacts.put('Session', 't', session('g', { c: '1' }), after(harness.clock, 30));
      harness.clock.advance(90);
      await harness.storage.sweep(harness.clock.now());
      assert.deepEqual((await artifacts.find('Session', 's'))?.members?.entries, { a: '1', b: '1', c: '1' });
      harness.clock.advance(30);
      await artifacts.put('Session', 's', session('g', { d: '1' }), after(harness.clock, 60));
      assert.deepEqual((await artifacts.find('Session', 's'))?.members?.entries, { d: '1' });
    });

    it('keep names that mean something to JavaScript', async () => {
      await using harness = await open();
      const { artifacts } = harness.storage;
      const entries = JSON.parse('{"__proto__":"x","constructor":"y"}');
      await artifacts.put('Session', 's', session('g', entries), after(harness.clock, 60));
      await artifacts.put('Session', 's', session('g', { a: '1' }), after(harness.clock, 60));
      assert.deepEqual(Object.entries((await artifacts.find('Session', 's'))?.members?.entries ?? {}).sort(), [
        ['__proto__', 'x'],
        ['a', '1'],
        ['constructor', 'y'],
      ]);
    });
  });
}
