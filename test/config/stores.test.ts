import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { describeConfig, describeConfigAsJson } from '../../src/config/describe-config.ts';
import { ConfigError } from '../../src/config/fault.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { faultsOf, load } from './load.ts';

const MONGO_REDIS = { GATEHOUSE_STORAGE__KIND: 'mongo-redis' };

const mongodb = (settings: string) => `storage: { kind: mongo-redis, mongodb: { ${settings} } }`;
const redis = (settings: string) => `storage: { kind: mongo-redis, redis: { ${settings} } }`;

describe('MongoDB and Redis', () => {
  it('are those of this machine unless told otherwise, and SQLite has no say', async () => {
    const { config, sources } = await load({ env: MONGO_REDIS });
    assert.ok(config.storage.kind === 'mongo-redis');
    assert.equal(config.storage.mongodb.uri, 'mongodb://localhost:27017/gatehouse');
    assert.deepEqual(config.storage.redis.nodes, ['localhost:6379']);
    assert.deepEqual(Object.keys(config.storage), ['kind', 'mongodb', 'redis']);
    assert.deepEqual(
      Object.keys(sources).filter((path) => path.startsWith('storage.sqlite')),
      [],
    );
  });

  it('can be set by the environment', async () => {
    const env = {
      ...MONGO_REDIS,
      GATEHOUSE_STORAGE__MONGODB__URI: 'mongodb+srv://cluster.example.com/house',
      GATEHOUSE_STORAGE__REDIS__NODES: '["a:1","[2001:db8::1]:65535"]',
      GATEHOUSE_STORAGE__REDIS__TOPOLOGY: 'cluster',
      GATEHOUSE_STORAGE__REDIS__TLS: 'true',
      GATEHOUSE_STORAGE__REDIS__KEY_PREFIX: 'house/1:',
    };
    const { config } = await load({ env });
    assert.ok(config.storage.kind === 'mongo-redis');
    const { topology, nodes, tls, key_prefix: prefix } = config.storage.redis;
    assert.deepEqual([topology, nodes, tls, prefix], ['cluster', ['a:1', '[2001:db8::1]:65535'], true, 'house/1:']);
  });

  for (const uri of [
    'mongodb://localhost/gatehouse',
    'mongodb://a.example.com:27017,b.example.com:27018/gatehouse?replicaSet=rs0&tls=true',
    'mongodb://user:p%40ss@[::1]:27017/gatehouse?authSource=admin',
    'mongodb+srv://cluster.example.com/gatehouse',
  ]) {
    it(`takes ${uri}`, async () => {
      await load({ env: { ...MONGO_REDIS, GATEHOUSE_STORAGE__MONGODB__URI: uri } });
    });
  }

  for (const [yaml, path, problem, mend] of [
    [mongodb('uri: "http://localhost/x"'), 'storage.mongodb.uri', /not an address of MongoDB/, /^Write it like mongodb:/],
    [mongodb('uri: localhost'), 'storage.mongodb.uri', /not an address of MongoDB/, /^Write it like mongodb:/],
    [mongodb('uri: "mongodb://localhost"'), 'storage.mongodb.uri', /does not say which database/, /after the hosts/],
    [mongodb('uri: "mongodb://localhost/?tls=true"'), 'storage.mongodb.uri', /does not say which database/, /after the hosts/],
    [mongodb('uri: "mongodb://localhost/admin"'), 'storage.mongodb.uri', /^admin is a database of MongoDB itself/, /authSource/],
    [mongodb('password: x'), 'storage.mongodb.password', /nobody it belongs to/, /storage\.mongodb\.username/],
    [mongodb('ca_file: ca.pem'), 'storage.mongodb.ca_file', /not an absolute path/, /whole path/],
    [mongodb('ca_file: /no/ca.pem'), 'storage.mongodb.ca_file', /no\/ca\.pem does not exist/, /correct the path/],
    [mongodb('pool_size: 0'), 'storage.mongodb.pool_size', /from 1 to 1000/, /Correct it/],
    [redis('nodes: []'), 'storage.redis.nodes', /no server in the list/, /at least one/],
    [redis('nodes: [localhost]'), 'storage.redis.nodes[0]', /is not host:port/, /Correct it/],
    [redis('nodes: ["2001:db8::1:6379"]'), 'storage.redis.nodes[0]', /is not host:port/, /Correct it/],
    [redis('nodes: ["a:65536"]'), 'storage.redis.nodes', /a:65536 has a port outside/, /last colon/],
    [redis('nodes: ["a:1", "b:2"]'), 'storage.redis.nodes', /single has one server/, /sentinel or cluster/],
    [redis('topology: sentinel'), 'storage.redis.primary_name', /none is given/, /sentinel monitor NAME/],
    [redis('topology: cluster, database: 1'), 'storage.redis.database', /database 0 alone/, /key_prefix/],
    [redis('username: x'), 'storage.redis.username', /user without a password/, /storage\.redis\.password/],
    [redis('ca_file: /etc/passwd'), 'storage.redis.ca_file', /only where TLS is spoken/, /storage\.redis\.tls to true/],
    [redis('tls: true, ca_file: /tmp'), 'storage.redis.ca_file', /The file \/tmp/, /correct the path/],
    [redis('key_prefix: "{a}"'), 'storage.redis.key_prefix', /a prefix of letters/, /Correct it/],
    [redis('key_prefix: "a b"'), 'storage.redis.key_prefix', /a prefix of letters/, /Correct it/],
    ['storage: { redis: { tls: true } }', 'storage.redis', /counts only when storage\.kind is mongo-redis/, /Set storage\.kind/],
    [
      'storage: { kind: mongo-redis, sqlite: { synchronous: normal } }',
      'storage.sqlite',
      /counts only when storage\.kind is sqlite/,
      /Set storage\.kind/,
    ],
  ] as const) {
    it(`${yaml} is refused`, async () => {
      const faults = await faultsOf({ yaml });
      assert.deepEqual(
        faults.map((fault) => fault.path),
        [path],
      );
      assert.match(faults[0]?.problem ?? '', problem);
      assert.match(faults[0]?.mend ?? '', mend);
    });
  }

  it('may have authorities of their own', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'ca.pem');
    await writeFile(file, '');
    const { config } = await load({
      yaml: `storage: { kind: mongo-redis, mongodb: { ca_file: ${file} }, redis: { tls: true, ca_file: ${file} } }`,
    });
    assert.ok(config.storage.kind === 'mongo-redis');
    assert.deepEqual([config.storage.mongodb.ca_file, config.storage.redis.ca_file], [file, file]);
  });
});

describe('a secret of a store', () => {
  const SECRET = 'hush-hush';

  it('is masked where the configuration is shown', async () => {
    const loaded = await load({
      env: {
        ...MONGO_REDIS,
        GATEHOUSE_STORAGE__MONGODB__URI: `mongodb://user:${SECRET}@a,b/gatehouse?tlsCertificateKeyFilePassword=${SECRET}&tls=true`,
        GATEHOUSE_STORAGE__MONGODB__USERNAME: 'gatehouse',
        GATEHOUSE_STORAGE__MONGODB__PASSWORD: SECRET,
        GATEHOUSE_STORAGE__REDIS__PASSWORD: SECRET,
      },
    });
    const shown = describeConfigAsJson(loaded);
    assert.equal(shown['storage.mongodb.uri']?.value, 'mongodb://********@a,b/gatehouse?tlsCertificateKeyFilePassword=********&tls=true');
    assert.equal(shown['storage.mongodb.username']?.value, 'gatehouse');
    assert.equal(shown['storage.redis.password']?.value, '********');
    assert.equal(shown['storage.redis.username']?.value, null);
    assert.ok(!describeConfig(loaded).includes(SECRET));
    assert.equal(describeConfigAsJson(await load({ env: MONGO_REDIS }))['storage.redis.password']?.value, null);
  });

  for (const yaml of [
    mongodb(`uri: "mongodb:user:${SECRET}@a/b"`),
    mongodb(`uri: "mongodb://user:${SECRET}@a"`),
    mongodb(`uri: ["mongodb://user:${SECRET}@a/b"]`),
    mongodb(`password: { x: ${SECRET} }`),
    redis(`password: [${SECRET}]`),
    redis(`nodes: ["redis://:${SECRET}@a:6379"]`),
    redis(`nodes: "redis://:${SECRET}@a:6379"`),
    `storage: { kind: mongo-redis, mongodb: "mongodb://user:${SECRET}@a/b" }`,
    `storage: "mongodb://user:${SECRET}@a/b"`,
  ]) {
    it(`is not shown by the faults of ${yaml}`, async () => {
      await assert.rejects(load({ yaml }), (error: Error) => error instanceof ConfigError && !error.message.includes(SECRET));
    });
  }
});
