import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gallery } from './gallery.ts';

test('every page passes axe, obeys the strict policy and fits 320 px, light and dark', async () => {
  const findings = await gallery();
  assert.ok(findings.length > 20, 'the samples are there');
  assert.deepEqual(
    findings.filter(({ faults }) => faults.length > 0),
    [],
  );
});
