import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { explainIssue } from '../../src/config/explain-issue.ts';
import { type Layer, mergeLayers, sourceOf } from '../../src/config/layers.ts';
import { formatPath } from '../../src/config/path.ts';
import { leafPaths } from '../../src/config/schema-tree.ts';
import { dropOtherVariants } from '../../src/config/variants.ts';

const schema = z.strictObject({
  storage: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file'), file: z.strictObject({ path: z.string() }) }),
    z.strictObject({ kind: z.literal('network'), network: z.strictObject({ url: z.string(), timeout: z.number() }) }),
  ]),
});

const DEFAULTS: Layer = {
  source: 'default',
  values: { storage: { kind: 'file', file: { path: 'a' }, network: { url: 'b', timeout: 1 } } },
};

function check(values: Layer['values']) {
  const layers = [DEFAULTS, { source: 'user.yaml', values }];
  const chosen = dropOtherVariants(mergeLayers(layers), schema, (path) => sourceOf(layers, path) === 'default');
  const parsed = schema.safeParse(chosen);
  return { data: parsed.data, faults: (parsed.error?.issues ?? []).flatMap((issue) => explainIssue(issue, schema, layers)) };
}

describe('a section in variants', () => {
  it('has the keys of all of them', () => {
    assert.deepEqual(leafPaths(schema).map(formatPath), [
      'storage.kind',
      'storage.file.path',
      'storage.network.url',
      'storage.network.timeout',
    ]);
  });

  it('keeps the defaults of the chosen variant alone', () => {
    assert.deepEqual(check({}).data, { storage: { kind: 'file', file: { path: 'a' } } });
    assert.deepEqual(check({ storage: { kind: 'network', network: { url: 'c' } } }).data, {
      storage: { kind: 'network', network: { url: 'c', timeout: 1 } },
    });
  });

  it('refuses a key of another variant that somebody set', () => {
    assert.deepEqual(check({ storage: { network: { url: 'c' } } }).faults, [
      {
        path: 'storage.network',
        source: 'user.yaml',
        problem: 'This key counts only when storage.kind is network.',
        mend: 'Set storage.kind to network, or take the key out.',
      },
    ]);
  });

  it('names the variants when none of them is chosen', () => {
    const [fault] = check({ storage: { kind: 'netwrok' } }).faults;
    assert.deepEqual([fault?.path, fault?.problem], ['storage.kind', '"netwrok" is not one of file or network.']);
    assert.match(fault?.mend ?? '', /^Did you mean network\?/);
  });
});
