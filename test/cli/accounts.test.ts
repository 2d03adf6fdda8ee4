import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { House } from '../../src/compose.ts';
import { identityId } from '../../src/domain/federation/identity.ts';
import { providerId } from '../../src/domain/federation/upstream-provider.ts';
import { openTestHouse } from '../support/open-test-house.ts';
import { type CommandLine, createCommandLine } from './command-line.ts';

const PASSWORD = 'correct-horse-battery-staple-9';

async function inHouse(cli: CommandLine, work: (house: House) => Promise<unknown>): Promise<void> {
  await using house = await openTestHouse(cli.env);
  await work(house);
}

/** As if the person had set up an authenticator app in the browser. */
async function enrolTotp(cli: CommandLine, name: string): Promise<void> {
  await inHouse(cli, async (house) => {
    const account = await house.accounts.resolve(name);
    const factor = { accountId: account.id, sealedSecret: 'sealed', lastStep: 0, confirmedAt: new Date() };
    await house.storage.mfa.enrol(account.tenantId, factor, []);
  });
}

async function becomeFirstAdministrator(cli: CommandLine, link: string): Promise<void> {
  await inHouse(cli, async (house) => {
    const { id: tenantId } = await house.tenants.resolve('main');
    const input = { tenantId, email: 'root@example.com', displayName: undefined, password: PASSWORD };
    const origin = { requestId: 'test', ip: 'test' };
    assert.ok(await house.accounts.becomeFirstAdministrator(link.slice(link.lastIndexOf('/') + 1), input, origin));
  });
}

describe('gatehouse account', () => {
  it('makes the link of the first administrator while there is none', async () => {
    await using cli = await createCommandLine({ GATEHOUSE_ISSUER: 'http://localhost:3000' });
    const { setup_link } = await cli.ask(['account', 'setup-link']);
    assert.match(String(setup_link), /^http:\/\/localhost:3000\/setup\/[\w-]{43}$/);
    assert.match(await cli.say(['account', 'setup-link']), /first administrator, once/);
    await becomeFirstAdministrator(cli, String((await cli.ask(['account', 'setup-link'])).setup_link));
    const refused = await cli.fail(1, ['account', 'setup-link']);
    assert.equal(refused.error, 'invalid_value');
    assert.match(refused.message, /^There is a first administrator already.*gatehouse account list/);
  });

  it('makes an account with a password from standard input', async () => {
    await using cli = await createCommandLine();
    const args = ['account', 'add', 'alice@example.com', '--username', 'alice', '--name', 'Alice Martin', '--role', 'operator'];
    const { id, tenant_id, created_at, updated_at, ...rest } = await cli.ask([...args, '--password-stdin'], {
      input: `${PASSWORD}\r\nmore`,
    });
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.match(String(tenant_id), /^[0-9a-f-]{36}$/);
    assert.match(String(created_at), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal(updated_at, created_at);
    assert.deepEqual(rest, {
      email: 'alice@example.com',
      email_verified: false,
      username: 'alice',
      name: 'Alice Martin',
      role: 'operator',
      super_administrator: false,
      disabled: false,
      has_password: true,
    });
  });

  it('answers with a one-time password link when no password is given', async () => {
    await using cli = await createCommandLine({ GATEHOUSE_ISSUER: 'http://localhost:4567' });
    const { password_link, has_password, role } = await cli.ask(['account', 'add', 'bob@example.com']);
    assert.match(String(password_link), /^http:\/\/localhost:4567\/password\/[\w-]{43}$/);
    assert.deepEqual({ has_password, role }, { has_password: false, role: 'viewer' });

    const said = await cli.say(['account', 'add', 'carol@example.com']);
    assert.match(
      said,
      /^Account carol@example\.com made: viewer in main\.\nIt sets the password, once, within 20 minutes:\nhttp:\/\/localhost:4567\/password\/[\w-]{43}\n$/,
    );
    const again = await cli.ask(['account', 'password-link', 'bob@example.com']);
    assert.notEqual(again.password_link, password_link);
    assert.match(await cli.say(['account', 'password-link', 'bob@example.com']), /older ones that were made here have stopped working/);
  });

  it('lists, shows and changes accounts, in words and as JSON', async () => {
    await using cli = await createCommandLine();
    assert.match(await cli.say(['account', 'list']), /^No accounts yet/);
    assert.deepEqual(await cli.askList(['account', 'list']), []);
    await cli.ask(['account', 'add', 'zoe@example.com', '--role', 'admin']);
    const alice = await cli.ask(['account', 'add', 'alice@example.com', '--username', 'alice']);

    assert.equal(
      await cli.say(['account', 'list', '--tenant', 'main']),
      [
        'E-mail             Username  Name  Role    Tenant  State',
        'alice@example.com  alice     -     viewer  main    no password yet',
        'zoe@example.com    -         -     admin   main    no password yet',
        '',
      ].join('\n'),
    );
    const list = await cli.askList(['account', 'list', '--tenant', String(alice.tenant_id)]);
    assert.deepEqual(
      list.map(({ email }) => email),
      ['alice@example.com', 'zoe@example.com'],
    );
    assert.doesNotMatch(JSON.stringify(list), /link|hash/);

    assert.equal((await cli.ask(['account', 'show', String(alice.id)])).totp, false);
    assert.match(await cli.say(['account', 'show', 'ALICE']), /E-mail {13}alice@example\.com\n/);

    assert.match(await cli.say(['account', 'role', 'alice', 'operator']), /^alice@example\.com is operator now, and was viewer\./);
    assert.equal((await cli.ask(['account', 'role', 'alice', 'admin'])).role, 'admin');
    assert.match(await cli.say(['account', 'disable', 'alice']), /^alice@example\.com is disabled\. /);
    assert.equal((await cli.ask(['account', 'disable', 'alice'])).disabled, true);
    const refused = await cli.fail(1, ['account', 'password-link', 'alice']);
    assert.match(refused.message, /is disabled.*gatehouse account enable alice@example\.com/);
    assert.match(await cli.say(['account', 'enable', 'alice']), /^alice@example\.com is enabled/);
    assert.equal((await cli.ask(['account', 'enable', 'alice'])).disabled, false);
    assert.equal((await cli.ask(['account', 'totp-reset', 'alice'])).removed, false);
    assert.match(await cli.say(['account', 'totp-reset', 'alice']), /no authenticator app to remove/);
  });

  it('removes an authenticator app', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['account', 'add', 'alice@example.com']);
    await enrolTotp(cli, 'alice@example.com');
    assert.equal((await cli.ask(['account', 'show', 'alice@example.com'])).totp, true);
    assert.match(await cli.say(['account', 'show', 'alice@example.com']), /Authenticator app {2}set up/);
    const { totp, removed } = await cli.ask(['account', 'totp-reset', 'alice@example.com']);
    assert.deepEqual({ totp, removed }, { totp: false, removed: true });
    await enrolTotp(cli, 'alice@example.com');
    assert.match(await cli.say(['account', 'totp-reset', 'alice@example.com']), /authenticator app and the recovery codes are removed/);
  });

  it('says what is wrong with a value, and exits with 1', async () => {
    await using cli = await createCommandLine();
    await cli.ask(['account', 'add', 'alice@example.com', '--username', 'alice']);

    const taken = await cli.fail(1, ['account', 'add', 'Alice@Example.com']);
    assert.equal(taken.error, 'already_exists');
    assert.match(taken.message, /That email is taken.*gatehouse account list/);
    assert.match((await cli.fail(1, ['account', 'add', 'b@example.com', '--username', 'ALICE'])).message, /That username is taken/);

    const role = await cli.fail(1, ['account', 'add', 'bob@example.com', '--role', 'owner']);
    assert.equal(role.error, 'invalid_value');
    assert.match(role.message, /owner.*viewer, operator, admin/);
    assert.match((await cli.fail(1, ['account', 'role', 'alice', 'owner'])).message, /viewer, operator, admin/);

    const tenant = await cli.fail(1, ['account', 'add', 'bob@example.com', '--tenant', 'acme']);
    assert.deepEqual(tenant, { error: 'not_found', message: 'There is no tenant “acme”. Known: main.' });
    assert.equal((await cli.fail(1, ['account', 'list', '--tenant', 'acme'])).error, 'not_found');

    assert.equal((await cli.fail(1, ['account', 'add', 'bob'])).error, 'invalid_value');
    const add = ['account', 'add', 'bob@example.com', '--password-stdin'];
    assert.match((await cli.fail(1, add, { input: '\n' })).message, /no password on standard input/);
    assert.match((await cli.fail(1, add)).message, /no password on standard input/);
    assert.match((await cli.fail(1, add, { input: 'short\n' })).message, /too short/);
    assert.match((await cli.fail(1, add, { input: Buffer.from('d\xe9j\xe0-vu-et-autres-mots\n', 'latin1') })).message, /not UTF-8/);
    for (const command of ['show', 'disable', 'enable', 'password-link', 'totp-reset']) {
      assert.equal((await cli.fail(1, ['account', command, 'nobody'])).error, 'not_found', command);
    }
    assert.equal((await cli.askList(['account', 'list'])).length, 1);

    const { stdout, stderr, exitCode } = await cli.run(['account', 'show', 'nobody']);
    assert.deepEqual(
      { stdout, stderr, exitCode },
      { stdout: '', stderr: 'There is no account “nobody”. Give its e-mail address, username or id.\n', exitCode: 1 },
    );
  });

  it('refuses a password under another master key than the database has', async () => {
    await using cli = await createCommandLine();
    const add = (email: string) => ['account', 'add', email, '--password-stdin'];
    await cli.ask(add('alice@example.com'), { input: PASSWORD });
    const env = { GATEHOUSE_SECRETS__MASTER_KEY: Buffer.alloc(32, 'another key').toString('base64') };
    const { error, message } = await cli.fail(1, add('bob@example.com'), { input: PASSWORD, env });
    assert.equal(error, 'master_key_mismatch');
    assert.match(message, /master key does not fit/);
  });

  it('lists who an account is at other providers, and unlinks', async () => {
    await using cli = await createCommandLine();
    const person = 'carl@example.com';
    await cli.ask(['account', 'add', person]);
    assert.match(await cli.say(['account', 'identities', person]), /^carl@example\.com is linked to nobody/);
    const google = ['--preset', 'google', '--client-id', 'us', '--client-secret-stdin'];
    await cli.ask(['provider', 'add', 'google', ...google], { input: 'hush' });
    await inHouse(cli, async ({ accounts, storage }) => {
      const { tenantId, id: accountId } = await accounts.resolve(person);
      const who = { issuer: 'https://accounts.google.com', subject: '7', label: 'Carl', linkedAt: new Date(0), lastSignInAt: undefined };
      const at = (id: string, provider: string) => ({ id: identityId(id), tenantId, accountId, providerId: providerId(provider), ...who });
      await storage.identities.create(at('i1', 'google'));
      await storage.identities.create({ ...at('i2', 'gone'), subject: '8' });
    });
    assert.match(
      await cli.say(['account', 'identities', person]),
      /^Id .*\ni1 +Google +Carl +https:\/\/accounts\.google\.com +1970-01-01T00:00:00Z +- +active\ni2 +gone .* cannot sign in\n$/,
    );
    assert.match(
      (await cli.fail(1, ['account', 'unlink', person, 'i1'])).message,
      /^Google is the only way into this account\. Set a pass/,
    );
    const { unlinked, usable, subject } = await cli.ask(['account', 'unlink', person, 'i2']);
    assert.deepEqual([unlinked, usable, subject], [true, false, '8']);
    assert.equal((await cli.fail(1, ['account', 'unlink', person, 'i2'])).error, 'not_found');
    assert.deepEqual(
      (await cli.askList(['account', 'identities', person])).map(({ id, last_sign_in_at }) => [id, last_sign_in_at]),
      [['i1', null]],
    );
  });
});
