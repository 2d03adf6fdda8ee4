import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { load } from './load.ts';

describe('load order', () => {
  it('is defaults, then the user’s file, then the environment', async () => {
    const yaml = 'server: { host: 0.0.0.0, port: 4000 }\npasswords: { queue: 5 }';
    const { config, sources } = await load({ yaml, env: { GATEHOUSE_SERVER__PORT: '5000' } });
    assert.deepEqual(
      [config.server.port, config.server.host, config.passwords.queue, config.server.drain_seconds],
      [5000, '0.0.0.0', 5, 10],
    );
    assert.equal(sources['server.port'], 'environment GATEHOUSE_SERVER__PORT');
    assert.match(sources['server.host'] ?? '', /\/user\.yaml$/);
    assert.match(sources['passwords.queue'] ?? '', /\/user\.yaml$/);
    assert.equal(sources['server.drain_seconds'], 'default');
  });

  it('takes the user’s file from GATEHOUSE_CONFIG, and --config before it; both relative to the current folder', async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await writeFile(join(cwd, 'one.yaml'), 'passwords: { queue: 1 }');
    await writeFile(join(cwd, 'two.yaml'), 'passwords: { queue: 2 }');
    const env = { GATEHOUSE_CONFIG: 'one.yaml' };
    const one = await loadConfig({ env, cwd });
    const two = await loadConfig({ env, cwd, file: 'two.yaml' });
    assert.deepEqual([one.config.passwords.queue, one.sources['passwords.queue']], [1, join(cwd, 'one.yaml')]);
    assert.deepEqual([two.config.passwords.queue, two.sources['passwords.queue']], [2, join(cwd, 'two.yaml')]);
  });

  it('merges sections, at every depth, and replaces lists', async () => {
    const { config } = await load({
      yaml: 'mfa: { required_roles: [operator] }\nlimits: { login_address: { limit: 7 } }\nstorage: { sqlite: { synchronous: normal } }',
    });
    assert.deepEqual(config.mfa.required_roles, ['operator']);
    assert.deepEqual(config.limits.login_address, { limit: 7, window: 60, block: 300 });
    assert.deepEqual(config.storage, {
      kind: 'sqlite',
      sqlite: { path: '/srv/data/gatehouse.db', busy_timeout_ms: 5000, synchronous: 'normal' },
    });
  });

  for (const [name, yaml] of [
    ['nothing', ''],
    ['comments alone', '# server:\n#   port: 4000\n'],
    ['an empty section', 'server:\n  # port: 4000\nstorage:\n  sqlite:\n'],
  ] as const) {
    it(`changes nothing for a file with ${name}`, async () => {
      const { config, sources } = await load({ yaml });
      assert.equal(config.server.port, 3000);
      assert.deepEqual(new Set(Object.values(sources)), new Set(['default']));
    });
  }

  it('lets the name of a value win over that of its section, whatever their order', async () => {
    const { config } = await load({ env: { GATEHOUSE_SERVER__PORT: '4000', GATEHOUSE_SERVER: '{"port":1,"drain_seconds":2}', PORT: '5' } });
    assert.deepEqual([config.server.port, config.server.drain_seconds, config.server.host], [4000, 2, 'localhost']);
  });

  it('gives every key a source, and freezes everything', async () => {
    const { config, sources } = await load();
    assert.equal(sources['api.scopes'], 'default');
    assert.equal(sources['storage.sqlite.path'], 'default');
    for (const value of [config, config.server, config.api.scopes, config.api.scopes[0], config.storage, sources]) {
      assert.ok(Object.isFrozen(value));
    }
  });
});

describe('a value in the environment', () => {
  for (const [name, text, section, key, expected] of [
    ['GATEHOUSE_DATA_DIR', '/var/lib/gatehouse', undefined, 'data_dir', '/var/lib/gatehouse'],
    ['GATEHOUSE_PASSWORDS__MIN_LENGTH', '20', 'passwords', 'min_length', 20],
    ['GATEHOUSE_MFA__REQUIRED_ROLES', '["admin","operator"]', 'mfa', 'required_roles', ['admin', 'operator']],
    ['GATEHOUSE_MFA__REQUIRED_ROLES', '[]', 'mfa', 'required_roles', []],
    ['GATEHOUSE_API__RESOURCE', 'null', 'api', 'resource', null],
    ['GATEHOUSE_API__RESOURCE', 'https://api.example.com', 'api', 'resource', 'https://api.example.com'],
    ['GATEHOUSE_TENANT__NAME', 'null', 'tenant', 'name', 'null'],
    ['GATEHOUSE_TENANT__NAME', '42', 'tenant', 'name', '42'],
    ['GATEHOUSE_TENANT__NAME', '', 'tenant', 'name', 'Gatehouse'],
    ['GATEHOUSE_LIMITS__MFA_ACCOUNT', '{"limit":3}', 'limits', 'mfa_account', { limit: 3, window: 900, block: 900 }],
    ['GATEHOUSE_LIMITS__LOGIN_ACCOUNT_TOTAL', '50', 'limits', 'login_account_total', 50],
    ['GATEHOUSE_STORAGE__KIND', 'sqlite', 'storage', 'kind', 'sqlite'],
  ] as const) {
    it(`${name}=${text} is ${JSON.stringify(expected)}`, async () => {
      const { config } = await load({ env: { [name]: text } });
      const values: object = section === undefined ? config : config[section];
      assert.deepEqual(Reflect.get(values, key), expected);
    });
  }

  it('leaves variables alone that are no keys', async () => {
    await load({
      env: {
        GATEHOUSE_TEST_MONGO_URL: 'mongodb://localhost',
        GATEHOUSE_NO_SUCH_KEY: '',
        GATEHOUSE_SERVICE_HOST: '10.0.0.7',
        GATEHOUSE_SERVICE_PORT: '3000',
        GATEHOUSE_SERVICE_PORT_HTTP: '3000',
        GATEHOUSE_PORT: 'tcp://10.0.0.7:3000',
        GATEHOUSE_PORT_3000_TCP: 'tcp://10.0.0.7:3000',
        GATEHOUSE_PORT_3000_TCP_ADDR: '10.0.0.7',
        MY_GATEHOUSE_ISSUER: 'nonsense',
      },
    });
  });
});

describe('PORT', () => {
  it('sets the port, over the file', async () => {
    const { config, sources } = await load({ env: { PORT: '4000' }, yaml: 'server: { port: 5000 }' });
    assert.deepEqual([config.server.port, sources['server.port']], [4000, 'environment PORT']);
  });

  it('gives way to GATEHOUSE_SERVER__PORT', async () => {
    const { config } = await load({ env: { PORT: 'nonsense', GATEHOUSE_SERVER__PORT: '5000' } });
    assert.equal(config.server.port, 5000);
  });
});

describe('an issuer that nobody set', () => {
  it('follows the port, wherever that was set', async () => {
    for (const input of [{ env: { PORT: '4000' } }, { env: { GATEHOUSE_SERVER__PORT: '4000' } }, { yaml: 'server: { port: 4000 }' }]) {
      const { config, sources } = await load(input);
      assert.deepEqual([config.issuer, config.apiResource], ['http://localhost:4000', 'http://localhost:4000/api']);
      assert.equal(sources.issuer, 'default');
    }
  });

  it('is http://localhost:3000 otherwise', async () => {
    assert.equal((await load()).config.issuer, 'http://localhost:3000');
  });

  it('does not touch one that was set', async () => {
    const { config } = await load({ env: { PORT: '4000' }, yaml: 'issuer: http://localhost:3000' });
    assert.equal(config.issuer, 'http://localhost:3000');
  });
});
