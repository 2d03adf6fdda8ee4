import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { isSection, type Section } from '../../src/config/layers.ts';
import { decodeMasterKey, weaknessOf } from '../../src/config/master-key-format.ts';
import { formatPath } from '../../src/config/path.ts';
import { configSchema } from '../../src/config/schema.ts';
import { leafPaths } from '../../src/config/schema-tree.ts';
import { dropOtherVariants } from '../../src/config/variants.ts';
import { GOOD_KEY, load } from './load.ts';

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

function leaves(values: unknown, at: readonly string[] = []): readonly string[] {
  return isSection(values) ? Object.entries(values).flatMap(([key, value]) => leaves(value, [...at, key])) : [formatPath(at)];
}

describe('config/default.yaml', () => {
  it('is valid, and has every key of the schema and no other', async () => {
    const values = parse(await read('config/default.yaml')) as Section & { storage: Section };
    for (const kind of ['sqlite', 'mongo-redis']) {
      const chosen = dropOtherVariants({ ...values, storage: { ...values.storage, kind } }, configSchema, () => true);
      assert.deepEqual(configSchema.safeParse(chosen).error, undefined);
    }
    const keys = leafPaths(configSchema).map(formatPath);
    assert.ok(keys.length > 40, `saw only ${keys.length} keys`);
    assert.deepEqual([...leaves(values)].sort(), [...keys].sort());
  });

  it('says something about every key: above it, or above the lines that stand together with it', async () => {
    const lines = (await read('config/default.yaml')).split('\n');
    const silent = lines.filter((line, index) => {
      const isKey = /^\s*[a-z_]+:/.test(line) && !/^\s+(description|limit|role):/.test(line);
      const isSectionStart = /:$/.test(line) && /^\s*(#|[a-z_]+:)/.test(lines[index + 1] ?? '');
      if (!isKey || isSectionStart) return false;
      const indent = /^\s*/.exec(line)?.[0] ?? '';
      const above = lines.slice(0, index).reverse();
      const comment = above.findIndex((other) => other.startsWith(`${indent}#`));
      const opening = above.findIndex((other) => other !== '' && !other.startsWith(indent));
      return comment < 0 || (opening >= 0 && opening < comment);
    });
    assert.deepEqual(silent, []);
  });
});

describe('an example', () => {
  for (const [file, storage, secrets] of [
    ['config/example.production.yaml', 'sqlite', ['master-key', 'smtp-password']],
    ['config/example.cluster.yaml', 'mongo-redis', ['master-key', 'mongodb-password', 'redis-password', 'smtp-password']],
  ] as const) {
    it(`${file} is a production configuration once the files of its secrets are there`, async () => {
      const yaml = await read(file);
      assert.deepEqual(
        [...yaml.matchAll(/file:\/etc\/gatehouse\/([\w-]+)/g)].map(([, name]) => name),
        secrets,
      );
      const { config, sources } = await load({ yaml: yaml.replace(/file:\/etc\/gatehouse\/[\w-]+/g, `"\${KEY}"`), env: { KEY: GOOD_KEY } });
      assert.deepEqual([config.local, config.storage.kind], [false, storage]);
      assert.deepEqual([config.firstTenant.registrationOpen, config.mailTransport], [false, 'smtp']);
      assert.match(sources['secrets.master_key'] ?? '', /user\.yaml$/);
    });
  }
});

it('no key in the documentation can be used in production', async () => {
  const texts = await Promise.all(
    ['config/default.yaml', 'config/example.production.yaml', 'config/example.cluster.yaml', 'README.md'].map(read),
  );
  const shown = texts.flatMap((text) => text.match(/(?<![\w+/-])[\w+/-]{43}=/g) ?? []);
  assert.ok(shown.length > 0);
  for (const key of shown) {
    const bytes = decodeMasterKey(key);
    assert.ok(!bytes || weaknessOf(key, bytes), key);
  }
});
