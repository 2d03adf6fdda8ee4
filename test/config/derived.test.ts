import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { faultsOf, GOOD_KEY, load } from './load.ts';

const KEY = { GATEHOUSE_SECRETS__MASTER_KEY: GOOD_KEY };

describe('the issuer', () => {
  for (const [issuer, local] of [
    ['http://localhost', true],
    ['http://localhost:4000', true],
    ['https://localhost:8443', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]:3000', true],
    ['https://id.example.com', false],
    ['https://localhost.example.com', false],
    ['https://127.0.0.2', false],
    ['https://[2001:db8::1]', false],
  ] as const) {
    it(`${issuer} is ${local ? 'local' : 'production'}`, async () => {
      const { config } = await load({ env: { ...KEY, GATEHOUSE_ISSUER: issuer } });
      assert.deepEqual([config.issuer, config.local], [issuer, local]);
    });
  }

  it('loses a bare slash at its end', async () => {
    const { config } = await load({ env: { ...KEY, GATEHOUSE_ISSUER: 'https://id.example.com/' } });
    assert.deepEqual([config.issuer, config.apiResource], ['https://id.example.com', 'https://id.example.com/api']);
  });

  for (const [issuer, proper] of [
    ['https://id.example.com/auth', 'https://id.example.com'],
    ['https://id.example.com//', 'https://id.example.com'],
    ['https://id.example.com?a=b', 'https://id.example.com'],
    ['https://id.example.com/?', 'https://id.example.com'],
    ['https://id.example.com/#a', 'https://id.example.com'],
    ['https://user:word@id.example.com', 'https://id.example.com'],
    ['https://ID.example.com', 'https://id.example.com'],
    ['https://id.example.com:443', 'https://id.example.com'],
    ['http://localhost:3000/x', 'http://localhost:3000'],
  ] as const) {
    it(`${issuer} is refused, and ${proper} proposed`, async () => {
      const faults = await faultsOf({ env: { ...KEY, GATEHOUSE_ISSUER: issuer } });
      assert.deepEqual(
        faults.map(({ path, mend }) => [path, mend]),
        [['issuer', `Write ${proper}.`]],
      );
    });
  }
});

describe('paths', () => {
  for (const [env, dataDir, sqlitePath] of [
    [{}, '/srv/data', '/srv/data/gatehouse.db'],
    [{ GATEHOUSE_DATA_DIR: 'there' }, '/srv/there', '/srv/there/gatehouse.db'],
    [{ GATEHOUSE_DATA_DIR: '/var/lib/gatehouse' }, '/var/lib/gatehouse', '/var/lib/gatehouse/gatehouse.db'],
    [{ GATEHOUSE_STORAGE__SQLITE__PATH: 'db/one.db' }, '/srv/data', '/srv/db/one.db'],
    [{ GATEHOUSE_STORAGE__SQLITE__PATH: '/var/one.db' }, '/srv/data', '/var/one.db'],
  ] as const) {
    it(`are absolute with ${JSON.stringify(env)}`, async () => {
      const { config } = await load({ env });
      assert.ok(config.storage.kind === 'sqlite');
      assert.deepEqual([config.data_dir, config.storage.sqlite.path], [dataDir, sqlitePath]);
    });
  }
});

it('the demo is on where it may be, unless it is off', async () => {
  const enabled = async (env: Record<string, string>) => (await load({ env: { ...KEY, ...env } })).config.demoEnabled;
  assert.equal(await enabled({}), true);
  assert.equal(await enabled({ GATEHOUSE_DEMO: 'on' }), true);
  assert.equal(await enabled({ GATEHOUSE_DEMO: 'off' }), false);
  assert.equal(await enabled({ GATEHOUSE_SERVER__HOST: '0.0.0.0' }), false);
  assert.equal(await enabled({ GATEHOUSE_SERVER__HOST: '0.0.0.0', GATEHOUSE_DEMO: 'on' }), true);
  assert.equal(await enabled({ GATEHOUSE_ISSUER: 'https://id.example.com' }), false);
  assert.equal(await enabled({ GATEHOUSE_SERVER__WORKERS: '2' }), false);
});

it('the default API is <issuer>/api unless it has an identifier', async () => {
  assert.equal((await load()).config.apiResource, 'http://localhost:3000/api');
  assert.equal((await load({ yaml: 'api: { resource: "urn:example:api" }' })).config.apiResource, 'urn:example:api');
});
