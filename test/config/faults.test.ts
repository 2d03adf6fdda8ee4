import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../src/config/fault.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { faultsOf, load } from './load.ts';

describe('a wrong value', () => {
  for (const [yaml, path, problem] of [
    ['server: { port: 40x }', 'server.port', '"40x" is not a whole number from 0 to 65535.'],
    ['server: { port: "4000" }', 'server.port', '"4000" is not a whole number from 0 to 65535.'],
    ['server: { port: 65536 }', 'server.port', '65536 is not a whole number from 0 to 65535.'],
    ['server: { drain_seconds: 1.5 }', 'server.drain_seconds', '1.5 is not a whole number from 1 to 3600.'],
    ['lifetimes: { id_token: 0 }', 'lifetimes.id_token', '0 is not a whole number from 1 to 315360000.'],
    ['passwords: { queue: -1 }', 'passwords.queue', '-1 is not a whole number from 1 on.'],
    ['demo: true', 'demo', 'true is not one of auto, on or off.'],
    ['storage: { kind: mango }', 'storage.kind', '"mango" is not one of sqlite or mongo-redis.'],
    ['server: 4000', 'server', '4000 is not a section with the keys host, port, trusted_proxies, drain_seconds, workers.'],
    ['mfa: { required_roles: admin }', 'mfa.required_roles', '"admin" is not a list.'],
    ['mfa: { required_roles: [viewer, 7] }', 'mfa.required_roles[1]', '7 is not one of viewer, operator or admin.'],
    ['server: { trusted_proxies: [proxy] }', 'server.trusted_proxies[0]', '"proxy" is not an IP address or a CIDR block, like 10.0.0.0/8.'],
    ['issuer: localhost', 'issuer', '"localhost" is not an http or https address, like https://id.example.com.'],
    ['issuer: "ftp://localhost"', 'issuer', '"ftp://localhost" is not an http or https address, like https://id.example.com.'],
    ['issuer:', 'issuer', 'There is no value; it has to be an http or https address, like https://id.example.com.'],
    ['data_dir: ""', 'data_dir', 'There is no value; it has to be a text that is not empty.'],
    [
      'api: { resource: "https://a.example.com/#b" }',
      'api.resource',
      '"https://a.example.com/#b" is not an address without #, like https://api.example.com, or null.',
    ],
    [
      'api: { scopes: [{ name: a, description: b }] }',
      'api.scopes[0].role',
      'There is no value; it has to be one of viewer, operator or admin.',
    ],
    ['tenant: { slug: "Not a slug" }', 'tenant.slug', '"Not a slug" will not do.'],
    ['tenant: { name: "   " }', 'tenant.name', '"   " will not do.'],
    ['server: { port: 0 }', 'server.port', 'Port 0 is picked when the server starts, so the issuer cannot follow it.'],
    [
      'issuer: http://localhost\nserver: { port: 0, workers: 2 }',
      'server.port',
      'Port 0 is picked anew by each worker, and they have to share one.',
    ],
    ['demo: on\nserver: { workers: 2 }', 'demo', 'The demo keeps its visitors in one process, so it does not work with several.'],
    ['server: { workers: 65 }', 'server.workers', '65 is not a whole number from 1 to 64.'],
    ['secrets: { master_key: 12 }', 'secrets.master_key', 'The value is not a text that is not empty, or null.'],
    ['secrets: { master_key: changeme }', 'secrets.master_key', 'The value is not 32 bytes in base64.'],
  ] as const) {
    it(`${yaml} is told in plain words`, async () => {
      const faults = await faultsOf({ yaml });
      assert.deepEqual(
        faults.map((fault) => [fault.path, fault.problem]),
        [[path, problem]],
      );
      assert.match(faults[0]?.source ?? '', /user\.yaml$/);
      assert.ok(faults[0]?.mend);
    });
  }

  for (const [name, text, path, problem] of [
    ['GATEHOUSE_SERVER__PORT', '40x', 'server.port', '"40x" is not a whole number from 0 to 65535.'],
    ['GATEHOUSE_SERVER__PORT', '0x10', 'server.port', '"0x10" is not a whole number from 0 to 65535.'],
    ['PORT', '/pipe/7', 'server.port', '"/pipe/7" is not a whole number from 0 to 65535.'],
    ['GATEHOUSE_MFA__REQUIRED_ROLES', 'admin,operator', 'mfa.required_roles', 'It is not JSON.'],
    ['GATEHOUSE_SERVER', '[1]', 'server', '[1] is not a section with the keys host, port, trusted_proxies, drain_seconds, workers.'],
    ['GATEHOUSE_SECRETS', '{"master_key":"hush', 'secrets', 'It is not JSON.'],
  ] as const) {
    it(`${name}=${text} is told in plain words`, async () => {
      const faults = await faultsOf({ env: { [name]: text } });
      assert.deepEqual(
        faults.map((fault) => [fault.path, fault.problem, fault.source]),
        [[path, problem, `environment ${name}`]],
      );
    });
  }

  it('names the place to correct, the default and the choice that was meant', async () => {
    const [level] = await faultsOf({ yaml: 'log: { level: wran }' });
    assert.match(level?.mend ?? '', /^Did you mean warn\? Correct it in \/.*user\.yaml\. The default is "info"\.$/);
    const [port] = await faultsOf({ env: { PORT: 'x' } });
    assert.equal(port?.mend, 'Correct PORT. The default is 3000.');
  });

  it('never shows a secret', async () => {
    for (const env of [
      { GATEHOUSE_SECRETS__MASTER_KEY: 'hush-hush' },
      { GATEHOUSE_SECRETS: '{"master_key": "hush-hush"' },
      { GATEHOUSE_SECRETS: '"hush-hush"' },
      { GATEHOUSE_SECRETS: '{"master_key": ["hush-hush"]}' },
    ]) {
      await assert.rejects(load({ env }), (error: Error) => error instanceof ConfigError && !error.message.includes('hush'));
    }
  });
});

describe('an unknown key', () => {
  for (const [yaml, path, mend] of [
    ['isseur: x', 'isseur', /^Did you mean issuer\?$/],
    ['dataDir: x', 'dataDir', /^Did you mean data_dir\?$/],
    ['server: { prot: 1 }', 'server.prot', /^Did you mean server\.port\?$/],
    ['server.port: 1', 'server.port', /^Did you mean server\.port\?$/],
    ['port: 1', 'port', /^Did you mean server\.port\?$/],
    ['storage: { sqlite: { busy_timeout: 1 } }', 'storage.sqlite.busy_timeout', /^Did you mean storage\.sqlite\.busy_timeout_ms\?$/],
    ['storage: { path: x }', 'storage.path', /^Did you mean storage\.sqlite\.path\?$/],
    [
      'api: { scopes: [{ name: a, description: b, role: viewer, limitt: c }] }',
      'api.scopes[0].limitt',
      /^Did you mean api\.scopes\[0\]\.limit\?$/,
    ],
    ['weather: x', 'weather', /^Take it out; config\/default\.yaml has every key/],
    ['__proto__: { polluted: 1 }', '__proto__', /^Take it out/],
    ['server: { constructor: x }', 'server.constructor', /^Take it out/],
  ] as const) {
    it(`${yaml} is refused`, async () => {
      const faults = await faultsOf({ yaml });
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [path],
      );
      assert.match(faults[0]?.mend ?? '', mend);
    });
  }

  for (const [name, mend] of [
    ['GATEHOUSE_ISSUR', 'Did you mean GATEHOUSE_ISSUER?'],
    ['GATEHOUSE_SERVER_PORT', 'Did you mean GATEHOUSE_SERVER__PORT?'],
    ['GATEHOUSE_PORT', 'Did you mean GATEHOUSE_SERVER__PORT?'],
    ['GATEHOUSE_MASTER_KEY', 'Did you mean GATEHOUSE_SECRETS__MASTER_KEY?'],
    ['GATEHOUSE_WEATHER', 'Take it out of the environment; config/default.yaml has every key there is.'],
    ['GATEHOUSE_', 'Take it out of the environment; config/default.yaml has every key there is.'],
  ] as const) {
    it(`${name} is refused`, async () => {
      const faults = await faultsOf({ env: { [name]: '1' } });
      assert.deepEqual(faults, [{ path: name, problem: 'The variable belongs to no key.', mend }]);
    });
  }
});

describe('a user’s file', () => {
  for (const [what, yaml, problem] of [
    ['an open bracket', 'demo: on\nmfa: { required_roles: [admin\n', /^Line 3, column 1 is not valid YAML: /],
    ['a key twice', 'demo: on\nissuer: http://localhost\ndemo: off\n', /^Line 3, column 1 is not valid YAML: Map keys must be unique\.$/],
    ['a tab', 'server:\n\tport: 1\n', /^Line 2, column 1 is not valid YAML: /],
    ['an unknown tag', 'demo: !maybe on\n', /^Line 1, column 7 is not valid YAML: /],
    ['two documents', 'demo: on\n---\ndemo: off\n', /^Line 2, column 1 is not valid YAML: /],
    ['an alias without its anchor', 'demo: *nowhere\n', /is not valid YAML: Unresolved alias/],
    ['a list', '- demo\n', /^The file holds no keys\.$/],
    ['a text', 'demo\n', /^The file holds no keys\.$/],
  ] as const) {
    it(`with ${what} is refused with the place and what to do`, async () => {
      const [fault] = await faultsOf({ yaml });
      assert.match(fault?.path ?? '', /user\.yaml$/);
      assert.match(fault?.problem ?? '', problem);
      assert.ok(fault?.mend);
    });
  }

  it('that is not YAML shows none of its lines: they may hold a secret', async () => {
    await assert.rejects(load({ yaml: 'secrets:\n  master_key: "hush-hush\n' }), (error: Error) => !error.message.includes('hush'));
  });

  it('that is not there is refused, together with what is wrong in the environment', async () => {
    const env = { GATEHOUSE_CONFIG: 'absent.yaml', GATEHOUSE_ISSUR: 'x' };
    await assert.rejects(loadConfig({ env, cwd: '/srv' }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['/srv/absent.yaml', 'GATEHOUSE_ISSUR'],
      );
      assert.equal(error.faults[0]?.problem, 'The file does not exist.');
      return true;
    });
  });
});

it('every fault is told at once, in a message for people', async () => {
  const yaml = `issuer: http://id.example.com/\nisseur: x\nserver: { port: 70000, drain_seconds: 0 }\ndemo: on\ntenant: { name: "\${ABSENT}", slug: "A b" }`;
  await assert.rejects(load({ yaml, env: { GATEHOUSE_SERVER_PORT: '1', GATEHOUSE_MFA__MAX_TRIES: 'few' } }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.faults.map(({ path }) => path).sort(), [
      'GATEHOUSE_SERVER_PORT',
      'demo',
      'isseur',
      'issuer',
      'mfa.max_tries',
      'secrets.master_key',
      'server.drain_seconds',
      'server.port',
      'tenant.name',
      'tenant.slug',
    ]);
    assert.match(
      error.message,
      /^The configuration has 10 faults\.\n\n {2}GATEHOUSE_SERVER_PORT\n {4}The variable belongs to no key\.\n {4}Did you mean GATEHOUSE_SERVER__PORT\?\n\n/,
    );
    assert.match(
      error.message,
      /\n {2}mfa\.max_tries \(environment GATEHOUSE_MFA__MAX_TRIES\)\n {4}"few" is not a whole number from 1 on\.\n {4}Correct GATEHOUSE_MFA__MAX_TRIES\. The default is 5\.\n/,
    );
    return true;
  });
});
