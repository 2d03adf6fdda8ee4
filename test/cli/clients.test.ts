import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCommandLine } from './command-line.ts';

const WEB = ['--type', 'web', '--redirect-uri', 'https://app.example.com/callback'];

describe('gatehouse client', () => {
  it('registers a service, with --json after the command', async () => {
    await using cli = await createCommandLine();
    const probe = await cli.ask(['client', 'add', 'probe', '--type', 'service', '--scope', 'read:interactions']);
    assert.match(String(probe.client_id), /^probe-[0-9a-f]{12}$/);
    assert.match(String(probe.client_secret), /^[\w-]{43}$/);
    assert.deepEqual(
      { name: probe.client_name, type: probe.type, scope: probe.scope, verified: probe.verified, disabled: probe.disabled },
      { name: 'probe', type: 'service', scope: 'read:interactions', verified: false, disabled: false },
    );
    assert.match(String(probe.tenant_id), /^[0-9a-f-]{36}$/);
    assert.match(String(probe.created_at), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('takes every flag, --json before the command, and says the secret once in words', async () => {
    await using cli = await createCommandLine();
    const flags = ['--redirect-uri', 'https://app.example.com/2', '--post-logout-redirect-uri', 'https://app.example.com/bye'];
    const more = [
      '--scope',
      'read:interactions read:users',
      '--no-pkce',
      '--verified',
      '--origin',
      'https://app.example.com',
      '--tenant',
      'main',
    ];
    const { exitCode, stdout } = await cli.run(['--json', 'client', 'add', 'Wiki', ...WEB, ...flags, ...more]);
    assert.equal(exitCode, 0);
    const wiki = JSON.parse(stdout);
    assert.deepEqual(wiki.redirect_uris, ['https://app.example.com/callback', 'https://app.example.com/2']);
    assert.deepEqual(wiki.post_logout_redirect_uris, ['https://app.example.com/bye']);
    assert.deepEqual(wiki.allowed_origins, ['https://app.example.com']);
    assert.equal(wiki.scope, 'read:interactions read:users');
    assert.equal(wiki.require_pkce, false);
    assert.equal(wiki.verified, true);

    const said = await cli.say(['client', 'add', 'Probe', ...WEB]);
    assert.match(said, /^Client “Probe” registered\.\nIts client_id: probe-[0-9a-f]{12}\nIts secret is shown this once: [\w-]{43}\n$/);
    const spa = ['client', 'add', 'Shop', '--type', 'spa', '--redirect-uri', 'https://shop.example.com/'];
    assert.doesNotMatch(await cli.say(spa), /secret/);
    assert.equal('client_secret' in (await cli.ask(spa)), false);
    assert.match(await cli.say(['client', 'add', 'Job', '--type', 'service']), /no scopes.*gatehouse client update/);
  });

  it('merges a metadata document under the flags', async () => {
    await using cli = await createCommandLine();
    const document = {
      client_name: 'From the document',
      redirect_uris: ['https://old.example.com/'],
      client_uri: 'https://app.example.com',
      scope: 'read:interactions',
      require_pkce: false,
    };
    const file = join(cli.folder, 'client.json');
    await writeFile(file, JSON.stringify(document));
    const fromFile = await cli.ask(['client', 'add', 'Wiki', ...WEB, '--pkce', '--metadata', file]);
    assert.equal(fromFile.client_name, 'Wiki');
    assert.equal(fromFile.client_uri, 'https://app.example.com');
    assert.equal(fromFile.scope, 'read:interactions');
    assert.equal(fromFile.require_pkce, true);
    assert.deepEqual(fromFile.redirect_uris, ['https://app.example.com/callback']);

    const fromInput = await cli.ask(['client', 'add', 'Wiki', '--type', 'web', '--metadata', '-'], { input: JSON.stringify(document) });
    assert.deepEqual(fromInput.redirect_uris, ['https://old.example.com/']);
    assert.equal(fromInput.require_pkce, false);

    const add = (source: string) => ['client', 'add', 'Wiki', ...WEB, '--metadata', source];
    assert.match((await cli.fail(1, add('missing.json'))).message, /missing\.json cannot be read \(ENOENT\)/);
    assert.match((await cli.fail(1, add('-'), { input: '{"a"' })).message, /Standard input is not JSON/);
    assert.match((await cli.fail(1, add('-'), { input: '[]' })).message, /metadata/);
    assert.match((await cli.fail(1, add('-'), { input: '{"redirect_url": "x"}' })).message, /redirect_url.*Known: .*redirect_uris/);
  });

  it('lists and shows clients without a secret', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['client', 'list']), /^No clients yet/);
    const { client_id, client_secret } = await cli.ask(['client', 'add', 'Wiki', ...WEB, '--scope', 'read:users', '--verified']);
    const id = String(client_id);

    const table = await cli.say(['client', 'list']);
    assert.match(
      table,
      new RegExp(`^Client id +Name +Type +Scopes +Tenant +State\n${id}  Wiki  web   read:users  main    active, verified\n$`),
    );
    const list = await cli.askList(['client', 'list', '--tenant', 'main']);
    assert.equal(list.length, 1);
    const shown = await cli.ask(['client', 'show', id]);
    const words = await cli.say(['client', 'show', id]);
    assert.match(words, /Redirect URIs {14}https:\/\/app\.example\.com\/callback\n/);
    for (const output of [table, JSON.stringify(list), JSON.stringify(shown), words]) {
      assert.equal(output.includes(String(client_secret)), false);
      assert.doesNotMatch(output, /digest/);
    }
    assert.equal(JSON.stringify(list).includes('secret'), false);
  });

  it('changes what the flags name and leaves the rest', async () => {
    await using cli = await createCommandLine();
    const before = await cli.ask(['client', 'add', 'Wiki', ...WEB, '--scope', 'read:users']);
    const id = String(before.client_id);
    const renamed = await cli.ask(['client', 'update', id, '--name', 'Handbook', '--no-pkce', '--verified', '--disable']);
    assert.deepEqual(
      { name: renamed.client_name, pkce: renamed.require_pkce, verified: renamed.verified, disabled: renamed.disabled },
      { name: 'Handbook', pkce: false, verified: true, disabled: true },
    );
    assert.deepEqual({ scope: renamed.scope, uris: renamed.redirect_uris }, { scope: 'read:users', uris: before.redirect_uris });

    const restored = await cli.ask([
      'client',
      'update',
      id,
      '--pkce',
      '--no-verified',
      '--enable',
      '--redirect-uri',
      'https://b.example.com/',
    ]);
    assert.deepEqual(
      { name: restored.client_name, pkce: restored.require_pkce, verified: restored.verified, disabled: restored.disabled },
      { name: 'Handbook', pkce: true, verified: false, disabled: false },
    );
    assert.deepEqual(restored.redirect_uris, ['https://b.example.com/']);
    const metadata = ['client', 'update', id, '--metadata', '-'];
    assert.equal((await cli.ask(metadata, { input: '{"client_uri": "https://b.example.com"}' })).client_uri, 'https://b.example.com');
    assert.match(await cli.say(['client', 'update', id, '--scope', 'read:interactions']), /^Client “Handbook” changed\.\n\nClient id/);

    assert.match((await cli.fail(2, ['client', 'update', id])).message, /nothing to change/);
    assert.equal((await cli.fail(2, ['client', 'update', id, '--enable', '--disable'])).error, 'usage');
  });

  it('gives a second secret for a while, or at once', async () => {
    await using cli = await createCommandLine();
    const first = await cli.ask(['client', 'add', 'Wiki', ...WEB]);
    const id = String(first.client_id);
    const second = await cli.ask(['client', 'secret', id]);
    assert.notEqual(second.client_secret, first.client_secret);
    const [old, live] = second.secrets as readonly { created_at: string; expires_at: string | null }[];
    assert.equal(live?.expires_at, null);
    const hours = (Date.parse(old?.expires_at ?? '') - Date.now()) / 3_600_000;
    assert.ok(hours > 23.9 && hours <= 24, String(hours));

    assert.match(
      await cli.say(['client', 'secret', id, '--overlap', '60']),
      /The secret before goes on working until \d{4}-.*\n.*\n.*once: [\w-]{43}\n$/,
    );
    assert.match(await cli.say(['client', 'secret', id, '--overlap', '0']), /No other secret works any more\./);
    assert.match((await cli.fail(1, ['client', 'secret', id, '--overlap', '1h'])).message, /whole number/);
    const spa = await cli.ask(['client', 'add', 'Shop', '--type', 'spa', '--redirect-uri', 'https://shop.example.com/']);
    assert.match((await cli.fail(1, ['client', 'secret', String(spa.client_id)])).message, /has no secret/);
  });

  it('removes a client and says which', async () => {
    await using cli = await createCommandLine();
    const { client_id: id } = await cli.ask(['client', 'add', 'Wiki', ...WEB]);
    assert.equal(await cli.say(['client', 'remove', String(id)]), `Client “Wiki” (${id}) removed, with its grants and tokens.\n`);
    for (const args of [['show'], ['remove'], ['secret'], ['update', '--verified']]) {
      assert.equal((await cli.fail(1, ['client', ...args, String(id)])).error, 'not_found', args[0]);
    }
    const { client_id: other } = await cli.ask(['client', 'add', 'Wiki', ...WEB]);
    assert.deepEqual(await cli.ask(['client', 'remove', String(other)]), { client_id: other, client_name: 'Wiki', removed: true });
  });

  it('says what is wrong with a value, and exits with 1', async () => {
    await using cli = await createCommandLine();
    assert.match((await cli.fail(1, ['client', 'add', 'Wiki', '--type', 'app'])).message, /web, spa, native, service/);
    assert.match((await cli.fail(1, ['client', 'add', 'Wiki', '--type', 'web'])).message, /at least one redirect URI/);
    assert.match((await cli.fail(1, ['client', 'add', 'Wiki', ...WEB, '--redirect-uri', 'http://a.example/'])).message, /Use https/);
    assert.match(
      (await cli.fail(1, ['client', 'add', 'Wiki', ...WEB, '--scope', 'read:all'])).message,
      /read:all.*Known: read:interactions/,
    );
    assert.match((await cli.fail(1, ['client', 'add', 'Wiki', ...WEB, '--origin', 'https://a.example/x'])).message, /not an origin/);
    assert.equal((await cli.fail(1, ['client', 'add', 'Wiki', ...WEB, '--tenant', 'acme'])).error, 'not_found');
    assert.equal((await cli.fail(2, ['client', 'add', 'Wiki'])).error, 'usage');
    assert.deepEqual(await cli.askList(['client', 'list']), []);
  });
});
