import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCommandLine } from './command-line.ts';

describe('gatehouse tenant', () => {
  it('makes, lists and shows tenants', async () => {
    await using cli = await createCommandLine();
    const made = await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    assert.match(String(made.id), /^[0-9a-f-]{36}$/);
    const { id: _id, created_at: _at, ...rest } = made;
    assert.deepEqual(rest, { slug: 'acme', name: 'Acme', disabled: false, registration: 'closed', allowed_addresses: [] });
    assert.equal((await cli.ask(['tenant', 'add', 'open', '--name', 'Open house', '--registration', 'open'])).registration, 'open');

    assert.deepEqual(await cli.ask(['tenant', 'show', 'acme']), made);
    assert.deepEqual(await cli.ask(['tenant', 'show', String(made.id)]), made);
    assert.match(await cli.say(['tenant', 'show', 'acme']), /API calls from +anywhere\n/);
    const slugs = (await cli.askList(['tenant', 'list'])).map(({ slug }) => slug);
    assert.deepEqual(slugs.toSorted(), ['acme', 'main', 'open']);
    assert.match(await cli.say(['tenant', 'list']), /^Slug +Name +Id +Registration +State\n/);

    assert.match((await cli.fail(1, ['tenant', 'add', 'acme', '--name', 'Another'])).message, /slug is taken.*gatehouse tenant list/);
    assert.equal((await cli.fail(1, ['tenant', 'add', 'Acme!', '--name', 'x'])).error, 'invalid_value');
    assert.match((await cli.fail(1, ['tenant', 'show', 'nowhere'])).message, /Known: .*acme/);
    assert.equal((await cli.fail(2, ['tenant', 'add', 'unnamed'])).error, 'usage');
  });

  it('changes what the flags name and leaves the rest', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    const allowed = ['--allow-from', '203.0.113.0/24', '--allow-from', '2001:db8::/32'];
    const changed = await cli.ask(['tenant', 'set', 'acme', '--registration', 'open', ...allowed]);
    assert.deepEqual(
      { name: changed.name, registration: changed.registration, from: changed.allowed_addresses },
      { name: 'Acme', registration: 'open', from: ['203.0.113.0/24', '2001:db8::/32'] },
    );
    assert.match(await cli.say(['tenant', 'show', 'acme']), /API calls from +203\.0\.113\.0\/24\n +2001:db8::\/32\n/);
    const renamed = await cli.ask(['tenant', 'set', 'acme', '--name', 'Acme SA', '--allow-from-anywhere', '--registration', 'closed']);
    assert.deepEqual([renamed.name, renamed.allowed_addresses, renamed.registration], ['Acme SA', [], 'closed']);

    assert.match((await cli.fail(2, ['tenant', 'set', 'acme'])).message, /at least one flag/);
    assert.equal((await cli.fail(2, ['tenant', 'set', 'acme', '--allow-from-anywhere', ...allowed])).error, 'usage');
    assert.equal((await cli.fail(1, ['tenant', 'set', 'acme', '--allow-from', '300.1.1.1'])).error, 'invalid_value');
    assert.equal((await cli.fail(1, ['tenant', 'set', 'acme', '--registration', 'ajar'])).error, 'invalid_value');
  });

  it('disables and enables, which is in the audit log', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    assert.equal((await cli.ask(['tenant', 'disable', 'acme'])).disabled, true);
    assert.match(await cli.say(['tenant', 'list']), /acme .* disabled\n/);
    assert.equal((await cli.ask(['tenant', 'enable', 'acme'])).disabled, false);
    const types = (await cli.askList(['audit', 'list', '--tenant', 'acme'])).map(({ type }) => type);
    assert.deepEqual(types, ['tenant.changed', 'tenant.changed', 'tenant.created']);
  });

  it('has services that may come from some addresses only', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    const service = ['client', 'add', 'Job', '--type', 'service', '--tenant', 'acme', '--allow-from', '203.0.113.7'];
    const { client_id, allowed_addresses } = await cli.ask(service);
    assert.deepEqual(allowed_addresses, ['203.0.113.7']);
    assert.match(await cli.say(['client', 'show', String(client_id)]), /Comes from +203\.0\.113\.7\n/);
    const anywhere = await cli.ask(['client', 'update', String(client_id), '--allow-from-anywhere']);
    assert.deepEqual(anywhere.allowed_addresses, []);
    const web = ['client', 'add', 'Wiki', '--type', 'web', '--redirect-uri', 'https://app.example.com/', '--no-pkce', '--tenant', 'acme'];
    assert.equal((await cli.ask(web)).require_pkce, false);
    assert.match((await cli.fail(1, [...web, '--allow-from', '203.0.113.7'])).message, /Only a service/);
  });
});
