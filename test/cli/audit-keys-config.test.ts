import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BIN, createCommandLine } from './command-line.ts';

describe('gatehouse audit list', () => {
  it('filters, pages and names people', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['account', 'add', 'alice@example.com']);
    await cli.ask(['account', 'add', 'bob@example.com']);
    const { client_id } = await cli.ask(['client', 'add', 'Job', '--type', 'service']);
    await cli.ask(['account', 'disable', 'alice@example.com']);

    const all = await cli.askList(['audit', 'list']);
    assert.deepEqual(
      all.map(({ type }) => type),
      [
        'account.disabled',
        'client.created',
        'account.link_created',
        'account.created',
        'account.link_created',
        'account.created',
        'tenant.created',
      ],
    );
    for (const { request_id, ip, at } of all) {
      assert.deepEqual({ request_id, ip }, { request_id: 'cli', ip: 'cli' });
      assert.match(String(at), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
    const count = async (...filter: string[]) => (await cli.askList(['audit', 'list', ...filter])).length;
    assert.equal(await count('--account', 'alice@example.com'), 3);
    assert.equal(await count('--type', 'account.created', '--tenant', 'main'), 2);
    assert.equal(await count('--client', String(client_id)), 1);
    assert.equal(await count('--limit', '2'), 2);
    assert.equal(await count('--before', String(all[2]?.sequence)), 4);

    const text = await cli.say(['audit', 'list', '--limit', '1']);
    assert.match(text, /^Number {2}When .*Detail\n7 .*account\.disabled {2}alice@example\.com .* cli {3}\{\}\nOlder ones: --before 7\n$/);
    assert.equal(await cli.say(['audit', 'list', '--type', 'login.failed']), 'No entries.\n');
    assert.match((await cli.fail(1, ['audit', 'list', '--type', 'login'])).message, /login\.succeeded, login\.failed/);
    assert.match((await cli.fail(1, ['audit', 'list', '--limit', '0'])).message, /from 1 to 1000/);
    assert.equal((await cli.fail(1, ['audit', 'list', '--account', 'nobody'])).error, 'not_found');
  });

  it('ends quietly when its reader has seen enough', async () => {
    await using cli = await createCommandLine();
    const child = spawn(BIN, ['audit', 'list'], { cwd: cli.folder, env: cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await new Promise((resolve) => child.once('close', resolve));
    assert.equal(stderr, '');
  });
});

describe('gatehouse keys list', () => {
  it('lists the public side of the signing keys', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['keys', 'list']), /^No signing keys yet/);
    await cli.ask(['account', 'add', 'a@example.com', '--password-stdin'], { input: 'correct-horse-battery-staple-9' });
    const keys = await cli.askList(['keys', 'list']);
    assert.deepEqual(
      keys.map(({ alg, active }) => ({ alg, active })),
      [
        { alg: 'ES256', active: true },
        { alg: 'RS256', active: true },
      ],
    );
    for (const { public_jwk } of keys) assert.equal('d' in Object(public_jwk), false);
    assert.match(await cli.say(['keys', 'list']), /^Key id +Algorithm {2}State {2}Made\n[\w-]{43} {2}ES256 {6}signs {2}\d{4}-/);
  });
});

describe('gatehouse config check', () => {
  it('shows what is in effect and where it came from', async () => {
    await using cli = await createCommandLine({ GATEHOUSE_SERVER__PORT: '4711' });
    const file = join(cli.folder, 'own.yaml');
    await writeFile(file, 'mfa:\n  max_tries: 3\n');
    const checked = await cli.ask(['config', 'check', '--config', 'own.yaml']);
    assert.deepEqual(checked['mfa.max_tries'], { value: 3, source: file });
    assert.deepEqual(checked['server.port'], { value: 4711, source: 'environment GATEHOUSE_SERVER__PORT' });
    assert.match(await cli.say(['--config', file, 'config', 'check']), /^server\.port +4711 +environment GATEHOUSE_SERVER__PORT$/m);
  });

  it('tells every fault, and exits with 1', async () => {
    await using cli = await createCommandLine({ GATEHOUSE_SERVER__PORT: 'x', GATEHOUSE_ISSUER: 'ftp://a' });
    const { error, message } = await cli.fail(1, ['config', 'check']);
    assert.equal(error, 'invalid_configuration');
    assert.match(message, /server\.port/);
    assert.match(message, /issuer/);
    assert.equal((await cli.fail(1, ['client', 'list'])).error, 'invalid_configuration');
    const missing = await cli.fail(1, ['client', 'list', '--config', 'missing.yaml']);
    assert.match(missing.message, /missing\.yaml/);
  });
});
