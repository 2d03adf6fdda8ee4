import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCommandLine } from './command-line.ts';

const SECRET = 'hush-hush-hush';
const CORP = ['--preset', 'oidc', '--issuer', 'https://id.corp.example', '--client-id', 'us', '--client-secret-stdin'];

describe('gatehouse provider', () => {
  it('makes, shows, lists, changes, disables, enables and removes providers', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['provider', 'list']), /^No providers yet/);
    await cli.ask(['tenant', 'add', 'acme', '--name', 'Acme']);
    const roles = ['--claim', 'role=realm.roles', '--role', 'admin=root', '--role', 'viewer=a=b', '--role', 'admin=boss'];
    const flags = [...CORP, ...roles, '--tenant', 'acme', '--home-domain', 'corp.example', '--keeps-tokens'];
    const made = await cli.ask(['provider', 'add', 'corp', ...flags], { input: `${SECRET}\n` });
    const { claims, created_at: _at, updated_at: _updated, ...rest } = made;
    assert.equal((claims as Record<string, string>).role, 'realm.roles');
    assert.deepEqual(rest, {
      id: 'corp',
      preset: 'oidc',
      name: 'id.corp.example',
      tenant: 'acme',
      issuer: 'https://id.corp.example',
      client_id: 'us',
      authentication: 'client_secret_basic',
      scopes: ['openid', 'profile', 'email'],
      role_map: { viewer: ['a=b'], admin: ['root', 'boss'] },
      default_role: null,
      creation: 'invited',
      creation_domains: [],
      trusted_domains: [],
      home_domains: ['corp.example'],
      second_factor: 'ask',
      ends_session: false,
      keeps_tokens: true,
      enabled: true,
      redirect_uri: 'http://localhost:3000/federation/corp/callback',
      post_logout_redirect_uri: 'http://localhost:3000/federation/corp/signed-out',
      backchannel_logout_uri: 'http://localhost:3000/federation/corp/logout',
      configured: false,
    });
    assert.match(await cli.say(['provider', 'show', 'corp']), /Roles +viewer: a=b\n +admin: root, boss\n/);
    assert.match(
      await cli.say(['provider', 'add', 'hub', '--preset', 'github', '--client-id', 'us', '--client-secret-stdin'], { input: SECRET }),
      /redirect URI there: http:\/\/localhost:3000\/federation\/hub\/callback/,
    );
    assert.match(await cli.say(['provider', 'list']), /corp +id\.corp\.example +oidc +https:\/\/id\.corp\.example +acme +active\nhub /);
    assert.deepEqual(
      (await cli.askList(['provider', 'list', '--tenant', 'main'])).map(({ id }) => id),
      ['hub'],
    );

    const changed = await cli.ask([
      'provider',
      'update',
      'corp',
      '--name',
      'Corp',
      '--role',
      'operator=ops',
      '--no-keeps-tokens',
      '--ends-session',
    ]);
    const { name, role_map, ends_session, keeps_tokens } = changed;
    assert.deepEqual([name, role_map, ends_session, keeps_tokens], ['Corp', { operator: ['ops'] }, true, false]);
    assert.equal((await cli.ask(['provider', 'disable', 'corp'])).enabled, false);
    assert.match(await cli.say(['provider', 'enable', 'corp']), /^Provider “corp” changed\.\n\nId +corp\n/);
    assert.deepEqual(await cli.ask(['provider', 'remove', 'corp']), { id: 'corp', name: 'Corp', removed: true });
    assert.match((await cli.fail(1, ['provider', 'show', 'corp'])).message, /gatehouse provider list/);

    const events = await cli.askList(['audit', 'list']);
    assert.deepEqual(
      events.flatMap(({ type }) => (String(type).startsWith('provider.') ? [type] : [])).toReversed(),
      ['created', 'created', 'changed', 'changed', 'changed', 'removed'].map((verb) => `provider.${verb}`),
    );
    const database = await readFile(join(cli.env.GATEHOUSE_DATA_DIR ?? '', 'gatehouse.db'), 'latin1');
    for (const text of [database, JSON.stringify([made, changed, events])]) assert.ok(!text.includes(SECRET));
  });

  it('explains what claims become, and says what is wrong with a provider', async () => {
    await using cli = await createCommandLine({ HUSH: SECRET });
    const flags = [
      '--issuer',
      'https://id.corp.invalid',
      '--client-id',
      'us',
      '--claim',
      'role=groups',
      '--role',
      'admin=ops',
      '--role',
      'viewer=staff',
    ];
    await cli.ask(['provider', 'add', 'corp', '--preset', 'oidc', '--authentication', 'private_key_jwt', ...flags]);
    const explain = (input: string) => cli.run(['provider', 'explain', 'corp', '--json'], { input });
    const claims = { sub: '1', email: 'ada@corp.example', email_verified: true, groups: ['staff', 'ops'] };
    const { exitCode, stdout } = await explain(JSON.stringify(claims));
    const { email, emailVerified, role } = JSON.parse(stdout);
    assert.deepEqual([exitCode, email, emailVerified, role], [0, 'ada@corp.example', true, 'admin']);
    assert.equal(JSON.parse((await explain('{"groups": ["nobody"]}')).stdout).role, 'none');
    for (const odd of ['', '[]', '{', '"x"']) assert.equal((await explain(odd)).exitCode, 1, odd);
    const tested = await cli.run(['provider', 'test', 'corp', '--json']);
    const { findings } = JSON.parse(tested.stdout) as { findings: { fine: boolean }[] };
    assert.deepEqual([tested.exitCode, findings.some(({ fine }) => !fine)], [1, true]);
  });

  it('takes the keys of the configuration from YAML or JSON, with references', async () => {
    await using cli = await createCommandLine({ HUSH: SECRET });
    const yaml = join(cli.folder, 'corp.yaml');
    await writeFile(yaml, `preset: google\nclient_id: us\nclient_secret: "\${HUSH}"\ntrusted_domains: [corp.example]\n`);
    const made = await cli.ask(['provider', 'add', 'corp', '--file', yaml, '--name', 'Corp']);
    assert.deepEqual([made.preset, made.name, made.trusted_domains], ['google', 'Corp', ['corp.example']]);
    const json = join(cli.folder, 'change.json');
    await writeFile(json, '{"scopes": ["openid"], "enabled": false}');
    const changed = await cli.ask(['provider', 'update', 'corp', '--file', json]);
    assert.deepEqual([changed.scopes, changed.enabled, changed.name], [['openid'], false, 'Corp']);

    for (const [content, message] of [
      [`client_id: "\${ABSENT}"`, /client_id: .*ABSENT is not set/],
      ['client_id: [', /Line 1, column .* is not valid YAML/],
      ['colour: red', /There is no colour to set\. There are: name, issuer,/],
      ['claims: { mail: x }', /There is no claims\.mail to set/],
      ['tenant: main', /There is no tenant to set/],
      ['home_domains: [nowhere]', /home_domains\.0 will not do: a domain, like example\.com/],
    ] as const) {
      await writeFile(yaml, content);
      assert.match((await cli.fail(1, ['provider', 'update', 'corp', '--file', yaml])).message, message);
    }
    assert.match((await cli.fail(1, ['provider', 'update', 'corp', '--file', '/nowhere.yaml'])).message, /does not exist/);
  });

  it('says what will not do', async () => {
    await using cli = await createCommandLine();
    const add = (...flags: string[]) => ['provider', 'add', 'corp', ...flags];
    const hush = { input: SECRET };
    assert.match((await cli.fail(1, add())).message, /A provider needs preset/);
    assert.match(
      (await cli.fail(1, add('--preset', 'google', '--client-id', 'us'))).message,
      /There is no client secret\. Set client_secret/,
    );
    assert.match((await cli.fail(1, add(...CORP))).message, /no client secret on standard input/);
    assert.match((await cli.fail(1, add(...CORP, '--claim', 'role'), hush)).message, /Write NAME=VALUE/);
    assert.match((await cli.fail(1, add(...CORP, '--role', 'admin=x'), hush)).message, /no claim that it is for/);
    assert.match((await cli.fail(1, add(...CORP, '--tenant', 'nobody'), hush)).message, /tenant/);
    assert.match((await cli.fail(1, ['provider', 'add', 'No Id', ...CORP], hush)).message, /id will not do: 1 to 40 of a-z/);
    await cli.ask(add(...CORP), hush);
    assert.match((await cli.fail(1, add(...CORP), hush)).message, /provider id is taken.*gatehouse provider list/);
    assert.equal((await cli.fail(2, ['provider', 'update', 'corp'])).error, 'usage');
  });

  it('shows those of the configuration, and changes none of them', async () => {
    const providers = [
      { id: 'corp', preset: 'google', client_id: 'us', client_secret: SECRET },
      { id: 'lost', preset: 'google', client_id: 'us', client_secret: SECRET, tenant: 'nowhere' },
    ];
    await using cli = await createCommandLine({ GATEHOUSE_FEDERATION__PROVIDERS: JSON.stringify(providers) });
    assert.match(
      await cli.say(['provider', 'list']),
      /^Id .*\ncorp +Google +google +https:\/\/accounts\.google\.com +all +active, of the configuration\n“lost” of the configuration is not among them: there is no tenant “nowhere”\.\n$/,
    );
    assert.doesNotMatch(await cli.say(['provider', 'show', 'corp', '--json']), /hush/);
    for (const command of ['disable', 'enable', 'remove'])
      assert.match((await cli.fail(1, ['provider', command, 'corp'])).message, /stands in the configuration\. Change it there/);
    assert.match((await cli.fail(1, ['provider', 'add', 'corp', ...CORP], { input: SECRET })).message, /provider id is taken/);
    assert.match((await cli.fail(1, ['provider', 'show', 'lost'])).message, /is for the tenant “nowhere”, and there is none/);
    assert.doesNotMatch(await cli.say(['config', 'check']), /hush/);
  });
});
