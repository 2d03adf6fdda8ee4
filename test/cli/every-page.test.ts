import assert from 'node:assert/strict';
import { it } from 'node:test';
import { everyPage } from '../../src/cli/every-page.ts';

it('a list goes on after its first page', async () => {
  const all = Array.from({ length: 2500 }, (_, index) => ({ id: String(index).padStart(4, '0') }));
  const listed = await everyPage(async ({ after = '', limit }) => all.filter(({ id }) => id > after).slice(0, limit));
  assert.deepEqual(listed, all);
});
