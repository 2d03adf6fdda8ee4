import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RateRule } from '../../src/domain/limits/rate-limits.ts';
import { eventually } from '../support/eventually.ts';
import { type OpenHarness, times } from './harness.ts';

const RULE: RateRule = { limit: 3, windowSeconds: 3600 };

/** Time is the system's or the server's: these windows are too long to end during a test, but for one. */
export function rateLimitsContract(name: string, open: OpenHarness): void {
  describe(`${name}: rate limits`, () => {
    it('say what is left until nothing is, and when the window ends', async () => {
      await using harness = await open();
      const { rates } = harness.storage;
      const begun = Date.now();
      const states = [];
      for (const _ of times(5, () => 0)) states.push(await rates.hit('k', RULE));
      const ended = Date.now();
      assert.deepEqual(
        states.map(({ limit, remaining, allowed }) => [limit, remaining, allowed]),
        [
          [3, 2, true],
          [3, 1, true],
          [3, 0, true],
          [3, 0, false],
          [3, 0, false],
        ],
      );
      for (const { resetsAt } of states) {
        const left = resetsAt.getTime() - RULE.windowSeconds * 1000;
        assert.ok(left >= begun - 2 && left <= ended, `${left - begun} of ${ended - begun} ms`);
      }
    });

    it('allow no more than the limit of many at once', async () => {
      await using harness = await open();
      const { rates } = harness.storage;
      const states = await Promise.all(times(50, () => rates.hit('k', { limit: 7, windowSeconds: 3600 })));
      assert.equal(states.filter(({ allowed }) => allowed).length, 7);
      assert.deepEqual(
        states
          .filter(({ allowed }) => allowed)
          .map(({ remaining }) => remaining)
          .toSorted(),
        [0, 1, 2, 3, 4, 5, 6],
      );
    });

    it('count each key and each rule by itself', async () => {
      await using harness = await open();
      const { rates } = harness.storage;
      const single = { limit: 1, windowSeconds: 3600 };
      const others = [
        ['k2', single],
        ['k', { ...single, limit: 2 }],
        ['k', { ...single, windowSeconds: 1800 }],
      ] as const;
      await rates.hit('k', single);
      assert.equal((await rates.hit('k', single)).allowed, false);
      for (const [key, rule] of others) assert.equal((await rates.hit(key, rule)).allowed, true);
    });

    it('take any key', async () => {
      await using harness = await open();
      const { rates } = harness.storage;
      for (const key of ['', '{a}b', '2001:db8::/64', 'ä\u{1F600}', '__proto__', 'x'.repeat(1000)]) {
        assert.equal((await rates.hit(key, RULE)).remaining, 2, key);
        assert.equal((await rates.hit(key, RULE)).remaining, 1, key);
      }
    });

    it('begin a fresh window when one is over, which refused requests do not prolong', async () => {
      await using harness = await open();
      const { rates } = harness.storage;
      const rule = { limit: 1, windowSeconds: 1 };
      await rates.hit('k', rule);
      await eventually(async () => !(await rates.hit('k', rule)).allowed);
      await eventually(async () => (await rates.hit('k', rule)).allowed);
    });
  });
}
