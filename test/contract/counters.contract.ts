import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CounterRule } from '../../src/domain/limits/counters.ts';
import { after, type OpenHarness, times } from './harness.ts';

const RULE: CounterRule = { limit: 3, windowSeconds: 60, blockSeconds: 300 };

export function countersContract(name: string, open: OpenHarness): void {
  describe(`${name}: counters`, () => {
    it('count within a window that the first hit begins', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const resetsAt = after(clock, 60);
      assert.deepEqual(await storage.counters.hit('k', RULE, clock.now()), { allowed: true, count: 1, resetsAt });
      clock.advance(59);
      assert.deepEqual(await storage.counters.hit('k', RULE, clock.now()), { allowed: true, count: 2, resetsAt });
      clock.advance(1);
      assert.deepEqual(await storage.counters.hit('k', RULE, clock.now()), { allowed: true, count: 1, resetsAt: after(clock, 60) });
    });

    it('block from the hit that passes the limit, and further hits do not prolong it', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const hit = () => storage.counters.hit('k', RULE, clock.now());
      assert.equal(
        (await Promise.all([hit(), hit(), hit()])).every((state) => state.allowed),
        true,
      );
      const resetsAt = after(clock, 300);
      assert.deepEqual(await hit(), { allowed: false, count: 4, resetsAt });
      clock.advance(100);
      assert.deepEqual(await hit(), { allowed: false, count: 5, resetsAt }, 'the window is over, the block is not');
      clock.advance(199.999);
      assert.deepEqual(await hit(), { allowed: false, count: 6, resetsAt });
      clock.advance(0.001);
      assert.deepEqual(await hit(), { allowed: true, count: 1, resetsAt: after(clock, 60) });
    });

    it('can be looked at without counting', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { counters } = storage;
      assert.equal(await counters.find('k', clock.now()), undefined);
      for (const _ of times(2, () => undefined)) await counters.hit('k', RULE, clock.now());
      assert.deepEqual(await counters.find('k', clock.now()), { allowed: true, count: 2, resetsAt: after(clock, 60) });
      assert.equal((await counters.find('k', clock.now()))?.count, 2);
      for (const _ of times(2, () => undefined)) await counters.hit('k', RULE, clock.now());
      assert.deepEqual(await counters.find('k', clock.now()), { allowed: false, count: 4, resetsAt: after(clock, 300) });
      clock.advance(300);
      assert.equal(await counters.find('k', clock.now()), undefined);
    });

    it('take a hit back, not below 0', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { counters } = storage;
      await counters.refund('k', clock.now());
      await counters.hit('k', RULE, clock.now());
      for (const _ of [1, 2]) await counters.refund('k', clock.now());
      assert.equal((await counters.hit('k', RULE, clock.now())).count, 1);
    });

    it('are no longer blocked when an allowed hit is taken back: so many people who sign in at once are no attack', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { counters } = storage;
      const hit = () => counters.hit('k', RULE, clock.now());
      for (const _ of times(9, () => undefined)) await hit();
      await counters.refund('k', clock.now());
      assert.equal((await hit()).count, 3);
      assert.equal((await hit()).allowed, false, 'the others still count');
      for (const _ of times(3, () => undefined)) await counters.refund('k', clock.now());
      assert.equal((await hit()).count, 1);
    });

    it('begin anew when cleared, and keep keys apart', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const { counters } = storage;
      for (const _ of times(4, () => undefined)) await counters.hit('k', RULE, clock.now());
      assert.equal((await counters.hit('K', RULE, clock.now())).count, 1);
      await counters.clear('k');
      await counters.clear('never there');
      assert.deepEqual(await counters.hit('k', RULE, clock.now()), { allowed: true, count: 1, resetsAt: after(clock, 60) });
    });

    // Security checklist 66.
    it('count 50 parallel hits as exactly 50 and allow exactly the limit', async () => {
      await using harness = await open();
      const { storage, clock } = harness;
      const states = await Promise.all(times(50, () => storage.counters.hit('k', { ...RULE, limit: 7 }, clock.now())));
      assert.deepEqual(
        states.map((state) => state.count).sort((a, b) => a - b),
        times(50, (n) => n + 1),
      );
      assert.equal(states.filter((state) => state.allowed).length, 7);
      assert.equal((await storage.counters.hit('k', RULE, clock.now())).count, 51);
    });
  });
}
