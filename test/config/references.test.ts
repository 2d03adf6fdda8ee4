import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { faultsOf, GOOD_KEY, load } from './load.ts';

describe('a reference to the environment', () => {
  const env = { ORG: 'Example', TLD: 'com', MY_PORT: '4000', ROLES: '["operator"]', NESTED: `\${ORG}`, NOTHING: 'null', EMPTY: '' };

  for (const [what, yaml, read, expected] of [
    ['as a whole value', `tenant: { name: "\${ORG}" }`, 'tenant.name', 'Example'],
    ['inside a text, more than once', `tenant: { name: "The \${ORG}.\${TLD} house" }`, 'tenant.name', 'The Example.com house'],
    ['where a number belongs', `server: { port: "\${MY_PORT}" }`, 'server.port', 4000],
    ['where a list belongs', `mfa: { required_roles: "\${ROLES}" }`, 'mfa.required_roles', ['operator']],
    ['in an item of a list', `passwords: { context_words: [one, "\${ORG}"] }`, 'passwords.context_words', ['one', 'Example']],
    ['to null', `api: { resource: "\${NOTHING}" }`, 'api.resource', null],
    ['whose value looks like one is not followed', `tenant: { name: "\${NESTED}" }`, 'tenant.name', `\${ORG}`],
  ] as const) {
    it(`${what} is resolved`, async () => {
      const { config } = await load({ env, yaml });
      assert.deepEqual(
        read.split('.').reduce<object>((value, key) => Reflect.get(value, key), config),
        expected,
      );
    });
  }

  it('is resolved in a variable too, and within its JSON', async () => {
    const { config } = await load({
      env: {
        ...env,
        GATEHOUSE_TENANT__NAME: `\${ORG} Ltd`,
        GATEHOUSE_SERVER__PORT: `\${MY_PORT}`,
        GATEHOUSE_MFA__REQUIRED_ROLES: `\${ROLES}`,
        GATEHOUSE_PASSWORDS__CONTEXT_WORDS: `["\${ORG}"]`,
      },
    });
    assert.deepEqual([config.tenant.name, config.server.port], ['Example Ltd', 4000]);
    assert.deepEqual([config.mfa.required_roles, config.passwords.context_words], [['operator'], ['Example']]);
  });

  it('cannot break out of the JSON it stands in', async () => {
    const { config } = await load({ env: { WORD: 'a","b', GATEHOUSE_PASSWORDS__CONTEXT_WORDS: `["\${WORD}"]` } });
    assert.deepEqual(config.passwords.context_words, ['a","b']);
  });

  for (const [what, reference, problem] of [
    ['nobody set', `\${ABSENT}`, /refers to \$\{ABSENT\}, and ABSENT is not set/],
    ['that is empty', `\${EMPTY}`, /EMPTY is not set/],
    ['with a default, as a shell has it', `\${ORG:-x}`, /no name of a variable/],
    ['without a name', `\${}`, /no name of a variable/],
  ] as const) {
    it(`to a variable ${what} is a fault, told once`, async () => {
      const faults = await faultsOf({ env, yaml: `issuer: https://id.example.com\nsecrets: { master_key: "${reference}" }` });
      assert.deepEqual(
        faults.map(({ path }) => path),
        ['secrets.master_key'],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.source ?? '', /user\.yaml$/);
    });
  }
});

describe('a reference to a file', () => {
  it('is resolved, from the file and the environment, without the newline at the end', async () => {
    await using folder = await temporaryFolder();
    for (const [content, expected] of [
      ['Example', 'Example'],
      ['Example\n', 'Example'],
      ['Example\r\n', 'Example'],
    ] as const) {
      const file = join(folder.path, 'secret');
      await writeFile(file, content);
      const byFile = await load({ yaml: `tenant: { name: "file:${file}" }` });
      const byVariable = await load({ env: { GATEHOUSE_TENANT__NAME: `file:${file}` } });
      const byBoth = await load({ env: { FOLDER: folder.path }, yaml: `tenant: { name: "file:\${FOLDER}/secret" }` });
      assert.deepEqual(
        [byFile, byVariable, byBoth].map(({ config }) => config.tenant.name),
        [expected, expected, expected],
      );
    }
  });

  it('gives a master key', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'key');
    await writeFile(file, `${GOOD_KEY}\n`);
    const { config } = await load({ yaml: `issuer: https://id.example.com\nsecrets: { master_key: "file:${file}" }` });
    assert.equal(config.secrets.master_key, GOOD_KEY);
  });

  for (const [reference, problem] of [
    ['file:/no/such/file', /the file \/no\/such\/file, which does not exist/],
    ['file:/tmp', /which is a folder/],
    ['file:key', /"key", which is not an absolute path/],
    ['file:', /not an absolute path/],
  ] as const) {
    it(`${reference} is a fault`, async () => {
      const [fault, ...others] = await faultsOf({ env: { GATEHOUSE_SECRETS__MASTER_KEY: reference } });
      assert.deepEqual(others, []);
      assert.equal(fault?.path, 'secrets.master_key');
      assert.equal(fault?.source, 'environment GATEHOUSE_SECRETS__MASTER_KEY');
      assert.match(fault?.problem ?? '', problem);
    });
  }
});
