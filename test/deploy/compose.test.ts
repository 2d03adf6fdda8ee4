import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { cp, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { loadConfig } from '../../src/config/load-config.ts';
import { startRedis, whyNoRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { IMAGE, OPS_PATHS, ROOT, readText, readYaml } from './files.ts';

const run = promisify(execFile);

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const readCompose = () => readYaml<Compose>('docker-compose.yml');

/** `${NAME:-default}` as Compose resolves it. */
const resolve = (text: string, values: Readonly<Record<string, string>>) =>
  text.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, fallback: string) => values[name] ?? fallback);

/** The secrets of one installation, as the script makes them. */
async function makeSecrets() {
  const folder = await temporaryFolder();
  await cp(`${ROOT}deploy/compose/make-secrets.sh`, join(folder.path, 'make-secrets.sh'));
  const make = () => run(join(folder.path, 'make-secrets.sh'));
  await make();
  return { path: join(folder.path, 'secrets'), make, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function loadAs(service: Service, secrets: string, values: Readonly<Record<string, string>>) {
  const env = Object.entries(service.environment ?? {}).map(
    ([name, text]) => [name, resolve(text, values).replace('file:/run/secrets/', `file:${secrets}/`)] as const,
  );
  return (await loadConfig({ env: { GATEHOUSE_SERVER__HOST: '0.0.0.0', ...Object.fromEntries(env) }, cwd: '/app' })).config;
}

describe('docker-compose.yml', () => {
  it('pins every image, and runs what the Dockerfile builds', async () => {
    const { services } = await readCompose();
    for (const { image } of Object.values(services)) assert.match(image, /^[a-z/-]+:v?\d+\.\d+/);
    assert.deepEqual(
      Object.entries(services)
        .filter(([, { image }]) => image === IMAGE)
        .map(([name]) => name),
      ['gatehouse-1', 'gatehouse-2'],
    );
  });

  it('confines every service', async () => {
    const { services } = await readCompose();
    for (const [name, service] of Object.entries(services)) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      assert.ok(service.mem_limit, name);
      assert.ok(service.image === IMAGE || service.user, `${name} has a user that is not root`);
    }
  });

  it('publishes the proxy alone, and the catcher of mail to this machine', async () => {
    const { services, networks } = await readCompose();
    const published = Object.entries(services).filter(([, { ports }]) => ports);
    assert.deepEqual(published.map(([name]) => name).sort(), ['mailpit', 'proxy']);
    assert.ok(services.mailpit?.ports?.every((port) => port.startsWith('127.0.0.1:')));
    assert.equal(networks.stores?.internal, true);
    for (const store of ['mongodb', 'redis']) assert.deepEqual(services[store]?.networks, ['stores']);
  });

  it('refers to nothing that is not there', async () => {
    const { services, networks, volumes, secrets } = await readCompose();
    for (const service of Object.values(services)) {
      for (const name of service.networks ?? []) assert.ok(name in networks, name);
      for (const name of service.secrets ?? []) assert.ok(name in secrets, name);
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(name in services, name);
        const hasHealth = services[name]?.healthcheck !== undefined || services[name]?.image === IMAGE;
        assert.ok(condition !== 'service_healthy' || hasHealth, `${name} can be healthy`);
      }
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('.')) await stat(join(ROOT, source));
        else assert.ok(source in volumes, source);
      }
      const used = JSON.stringify(service).matchAll(/\/run\/secrets\/([\w-]+)/g);
      for (const [, name = ''] of used) assert.ok(service.secrets?.includes(name), name);
    }
  });

  it('gets every secret from the script, which changes none that is there', async () => {
    const { secrets } = await readCompose();
    await using made = await makeSecrets();
    const files = Object.values(secrets).map(({ file }) => file.replace('./deploy/compose/secrets/', ''));
    assert.deepEqual((await readdir(made.path)).sort(), files.sort());
    assert.equal((await stat(made.path)).mode & 0o777, 0o700);
    const read = () => Promise.all(files.map((file) => readFile(join(made.path, file), 'utf8')));
    const before = await read();
    await made.make();
    assert.deepEqual(await read(), before);
    assert.equal(new Set(before).size, files.length);
    assert.equal(await readText('deploy/compose/.gitignore'), 'secrets/\n');
  });

  it('configures Gatehouse, on localhost and as a production server', async () => {
    const { services } = await readCompose();
    await using made = await makeSecrets();
    for (const [values, issuer] of [
      [{}, 'https://localhost'],
      [{ ISSUER_HOST: 'id.example.com' }, 'https://id.example.com'],
    ] as const) {
      const service = services['gatehouse-1'];
      assert.ok(service);
      const { storage, server, ...config } = await loadAs(service, made.path, values);
      assert.equal(config.issuer, issuer);
      assert.equal(config.demoEnabled, false);
      assert.equal(config.secrets.master_key?.length, 44);
      assert.ok(storage.kind === 'mongo-redis');
      const { hostname, pathname, searchParams } = new URL(storage.mongodb.uri);
      assert.ok(hostname in services);
      assert.deepEqual([pathname, searchParams.get('replicaSet')], ['/gatehouse', 'rs0']);
      assert.deepEqual(storage.redis.nodes, ['redis:6379']);
      assert.deepEqual([config.mailTransport, config.mail.smtp.security, config.metricsApart], ['smtp', 'starttls', true]);
      assert.ok((config.mail.smtp.host ?? '') in services);
      assert.ok(Number.parseInt(service.stop_grace_period ?? '', 10) > server.drain_seconds);
    }
  });

  it('lets Gatehouse speak TLS to the catcher of mail, with a certificate that is good for nobody else', async () => {
    const { services } = await readCompose();
    await using made = await makeSecrets();
    const [certificate, key] = await Promise.all(
      ['mailpit-certificate', 'mailpit-key'].map((name) => readFile(join(made.path, name), 'utf8')),
    );
    const x509 = new X509Certificate(certificate ?? '');
    assert.deepEqual([x509.checkHost('mailpit'), x509.checkHost('localhost'), x509.ca], ['mailpit', undefined, false]);
    assert.ok(x509.checkPrivateKey(createPrivateKey(key ?? '')));
    assert.equal(services['gatehouse-1']?.environment?.NODE_EXTRA_CA_CERTS, services.mailpit?.environment?.MP_SMTP_TLS_CERT);
    assert.deepEqual(services.mailpit?.secrets, ['mailpit-certificate', 'mailpit-key']);
  });

  it('lets Redis forget nothing, and know the user that Gatehouse is', async () => {
    const { services } = await readCompose();
    await using made = await makeSecrets();
    const directives = new Map(
      (await readText('deploy/compose/redis.conf'))
        .split('\n')
        .filter((line) => /^[a-z]/.test(line))
        .map((line) => line.split(/ (.*)/s, 2) as [string, string]),
    );
    const expected = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction', aclfile: '/run/secrets/redis-users' };
    for (const [name, value] of Object.entries(expected)) assert.equal(directives.get(name), value, name);
    const user = services['gatehouse-1']?.environment?.GATEHOUSE_STORAGE__REDIS__USERNAME;
    assert.match(await readFile(join(made.path, 'redis-users'), 'utf8'), new RegExp(`^user ${user} on #[0-9a-f]{64} `, 'm'));
  });

  it('keeps over a crash of Redis what it had acknowledged', { skip: whyNoRedis() }, async () => {
    await using made = await makeSecrets();
    const password = (await readFile(join(made.path, 'redis-password'), 'utf8')).trim();
    await using redis = await startRedis({
      prepare: async (folder, port) => [
        ...[`${ROOT}deploy/compose/redis.conf`, '--port', `${port}`, '--bind', '127.0.0.1'],
        ...['--dir', folder, '--aclfile', join(made.path, 'redis-users')],
      ],
    });
    const asGatehouse = (...command: readonly string[]) =>
      redis.cli('--user', 'gatehouse', '--pass', password, '--no-auth-warning', ...command);
    assert.match(await redis.cli('GET', 'code'), /NOAUTH/);
    assert.match(await asGatehouse('FLUSHALL'), /NOPERM/);
    assert.match(await asGatehouse('CONFIG', 'GET', 'appendfsync'), /always/);
    // What a script does is one transaction in the append-only file.
    const script = "redis.call('HSET', KEYS[1], 'consumed', 1) redis.call('PEXPIRE', KEYS[1], 600000) return 1";
    assert.equal(await asGatehouse('EVAL', script, '1', 'code'), '1');
    await redis.kill('SIGKILL');
    await redis.start();
    // Who is nobody hears NOAUTH before it has read its file.
    while ((await asGatehouse('PING')) !== 'PONG') await delay(20);
    assert.equal(await asGatehouse('HGET', 'code', 'consumed'), '1');
  });

  it('leads the proxy to every Gatehouse, and asks each whether it is ready', async () => {
    const { services } = await readCompose();
    const caddyfile = await readText('deploy/compose/Caddyfile');
    const upstreams = Object.keys(services).filter((name) => services[name]?.image === IMAGE);
    assert.equal(/reverse_proxy (.*) \{/.exec(caddyfile)?.[1], upstreams.map((name) => `${name}:3000`).join(' '));
    const path = /health_uri (\S+)/.exec(caddyfile)?.[1] ?? '';
    assert.ok(OPS_PATHS.includes(path), path);
    assert.ok(services.proxy?.healthcheck?.test.at(-1)?.endsWith(path));
    for (const [port, inside] of [
      ['http_port', '80:8080'],
      ['https_port', '443:8443'],
    ] as const) {
      assert.ok(services.proxy?.ports?.includes(inside));
      assert.equal(new RegExp(`\\b${port} (\\d+)`).exec(caddyfile)?.[1], inside.split(':')[1]);
    }
  });
});
