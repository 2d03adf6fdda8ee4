import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRateLimits } from '../../src/storage/memory-rate-limits.ts';
import { times } from '../contract/harness.ts';

describe('rate limits in memory', () => {
  it('forget the window that began first, and no other, when there are more than 50,000 keys', async () => {
    const rates = createMemoryRateLimits();
    const rule = { limit: 1, windowSeconds: 3600 };
    const allowed = async (key: string) => (await rates.hit(key, rule)).allowed;
    for (const n of times(50_000, (index) => index)) await rates.hit(`k${n}`, rule);
    for (const key of ['k0', 'k1', 'k49999']) assert.equal(await allowed(key), false, key);
    await rates.hit('one more', rule);
    for (const key of ['k1', 'k49999', 'one more']) assert.equal(await allowed(key), false, key);
    assert.equal(await allowed('k0'), true, 'forgotten, although it was refused a moment ago');
    assert.equal(await allowed('k1'), true, 'in its turn');
  });
});
