import { Argument, type Command, Option } from 'commander';
import type { House } from '../compose.ts';
import { type Account, nameOf } from '../domain/accounts/account.ts';
import { InvalidValueError } from '../domain/errors.ts';
import type { LinkedIdentity } from '../domain/federation/identities.ts';
import { type IdentityId, identityId } from '../domain/federation/identity.ts';
import { ROLES, type Role } from '../domain/policy/roles.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import { everyPage } from './every-page.ts';
import { type Answer, duration, moment, properties, table } from './output.ts';
import { ORIGIN, type Shell } from './shell.ts';
import { readLine } from './standard-input.ts';

interface AddOptions {
  readonly username?: string;
  readonly name?: string;
  readonly role: Role;
  readonly tenant?: string;
  readonly passwordStdin?: true;
}

const NAME = ['<name>', 'e-mail address, username or id'] as const;

export function addAccountCommands(program: Command, { withHouse }: Shell): void {
  const account = program.command('account').description('people who can sign in');
  const about = (command: string, description: string) => account.command(command).description(description);

  about('add', 'make an account; without --password-stdin the answer holds a link to set the password')
    .argument('<email>', 'e-mail address')
    .option('--username <username>', 'another name to sign in with')
    .option('--name <name>', 'what pages call this person')
    .addOption(new Option('--role <role>', 'what this person may do').choices(ROLES).default('viewer'))
    .option('--tenant <tenant>', 'slug or id; the tenant of the configuration when left out')
    .option('--password-stdin', 'read the password from the first line of standard input')
    .action((email: string, options: AddOptions) => withHouse((house, first) => add(house, first, { ...options, email })));
  about('list', 'list the accounts')
    .option('--tenant <tenant>', 'of this tenant alone: slug or id')
    .action((options: { tenant?: string }) => withHouse((house) => list(house, options.tenant)));
  about('show', 'show an account')
    .argument(...NAME)
    .action((name: string) => withHouse(async (house) => show(house, await house.accounts.resolve(name))));
  about('disable', 'end all sessions and tokens of an account and let it get no more')
    .argument(...NAME)
    .action((name: string) => withHouse((house) => setDisabled(house, name, true)));
  about('enable', 'let an account sign in again')
    .argument(...NAME)
    .action((name: string) => withHouse((house) => setDisabled(house, name, false)));
  about('role', 'change what an account may do')
    .argument(...NAME)
    .addArgument(new Argument('<role>', 'the new role').choices(ROLES))
    .action((name: string, role: Role) => withHouse((house) => setRole(house, name, role)));
  about('password-link', 'make a link to set the password, good once; the one made like this before stops working')
    .argument(...NAME)
    .action((name: string) => withHouse((house) => passwordLink(house, name)));
  about('setup-link', 'make the link that makes the first administrator, good once').action(() => withHouse(setupLink));
  about('totp-reset', 'remove the authenticator app and the recovery codes of an account')
    .argument(...NAME)
    .action((name: string) => withHouse((house) => resetTotp(house, name)));
  about('identities', 'list who an account is at other providers')
    .argument(...NAME)
    .action((name: string) => withHouse(async (house) => identities(house, await house.accounts.resolve(name))));
  about('unlink', 'let an account sign in with one of those no more')
    .argument(...NAME)
    .argument('<identity>', 'id as `gatehouse account identities` shows it')
    .action((name: string, id: string) => withHouse((house) => unlink(house, name, identityId(id))));
}

async function add(house: House, first: Tenant, options: AddOptions & { readonly email: string }): Promise<Answer> {
  const { email, username, name: displayName, role } = options;
  const tenant = options.tenant === undefined ? first : await house.tenants.resolve(options.tenant);
  const password = options.passwordStdin ? await readPassword(house) : undefined;
  const account = await house.accounts.create({ tenantId: tenant.id, email, username, displayName, role, password }, ORIGIN);
  const made = `Account ${account.email} made: ${account.role} in ${tenant.slug}.`;
  if (password !== undefined) return { document: documentOf(account), text: () => `${made} It can sign in with the password given.` };
  const link = await createLink(house, account);
  return { document: { ...documentOf(account), password_link: link }, text: () => `${made}\n${explainLink(house, link)}` };
}

/** @throws MasterKeyMismatchError: hashed under another master key than the server's, the password would never be right */
async function readPassword(house: House): Promise<string> {
  await house.keys.load(ORIGIN);
  const password = await readLine();
  if (password === '')
    throw new InvalidValueError(
      'password',
      'There is no password on standard input. Send it as the first line, or leave --password-stdin out.',
    );
  return password;
}

async function list(house: House, tenantName: string | undefined): Promise<Answer> {
  const tenant = tenantName === undefined ? undefined : await house.tenants.resolve(tenantName);
  const accounts = (await everyPage((page) => house.storage.accounts.list(tenant?.id, page))).toSorted((a, b) =>
    a.email.localeCompare(b.email),
  );
  const slugs = new Map((await house.storage.tenants.list()).map(({ id, slug }) => [id, slug]));
  const rows = accounts.map((account) => [
    account.email,
    account.username,
    account.displayName,
    account.superAdministrator ? `${account.role}, all tenants` : account.role,
    slugs.get(account.tenantId),
    stateOf(account),
  ]);
  return {
    document: accounts.map(documentOf),
    text: () =>
      rows.length === 0
        ? 'No accounts yet. `gatehouse account add EMAIL` makes one.'
        : table(['E-mail', 'Username', 'Name', 'Role', 'Tenant', 'State'], rows),
  };
}

/** Where the start of the server does not print it: standard output is a log there. */
async function setupLink(house: House): Promise<Answer> {
  const secret = await house.accounts.createFirstAdministratorLink(ORIGIN);
  if (secret === undefined)
    throw new InvalidValueError(
      'setup-link',
      'There is a first administrator already, so no link can make one. `gatehouse account list` shows who; `gatehouse account password-link NAME` lets them set a new password.',
    );
  const link = `${house.config.issuer}/setup/${secret}`;
  return {
    document: { setup_link: link },
    text: () => `This link makes the first administrator, once, within ${duration(house.config.lifetimes.admin_link)}:\n${link}`,
  };
}

async function show(house: House, account: Account): Promise<Answer> {
  const totp = (await house.storage.mfa.find(account.tenantId, account.id)) !== undefined;
  const tenant = await house.tenants.resolve(account.tenantId);
  return {
    document: { ...documentOf(account), totp },
    text: () =>
      properties({
        Id: account.id,
        'E-mail': account.email,
        Username: account.username,
        Name: account.displayName,
        Role: account.superAdministrator ? `${account.role}, and administrator of every tenant` : account.role,
        Tenant: `${tenant.slug} (${tenant.id})`,
        State: stateOf(account),
        'Authenticator app': totp ? 'set up' : 'not set up',
        Made: moment(account.createdAt),
        Changed: moment(account.updatedAt),
      }),
  };
}

async function setDisabled(house: House, name: string, disabled: boolean): Promise<Answer> {
  const account = await house.accounts.setDisabled(await house.accounts.resolve(name), disabled, ORIGIN);
  const said = disabled ? 'is disabled. All its sessions and tokens have ended.' : 'is enabled and can sign in.';
  return { document: documentOf(account), text: () => `${account.email} ${said}` };
}

async function setRole(house: House, name: string, role: Role): Promise<Answer> {
  const before = await house.accounts.resolve(name);
  const account = await house.accounts.setRole(before, role, ORIGIN);
  return {
    document: documentOf(account),
    text: () => `${account.email} is ${account.role} now, and was ${before.role}. Tokens follow at their next refresh.`,
  };
}

async function passwordLink(house: House, name: string): Promise<Answer> {
  const account = await house.accounts.resolve(name);
  if (account.disabled)
    throw new InvalidValueError(
      'account',
      `${account.email} is disabled, and a link would not work. First run \`gatehouse account enable ${account.email}\`.`,
    );
  const link = await createLink(house, account);
  return {
    document: { ...documentOf(account), password_link: link },
    text: () => `A link for ${nameOf(account)}; older ones that were made here have stopped working.\n${explainLink(house, link)}`,
  };
}

async function resetTotp(house: House, name: string): Promise<Answer> {
  const account = await house.accounts.resolve(name);
  const removed = await house.mfa.remove(account, ORIGIN);
  const said = removed ? 'The authenticator app and the recovery codes are removed.' : 'There was no authenticator app to remove.';
  return { document: { ...documentOf(account), totp: false, removed }, text: () => `${account.email}: ${said}` };
}

async function identities(house: House, account: Account): Promise<Answer> {
  const linked = await house.identities.list(account);
  const rows = linked.map(({ id, providerName, label, issuer, linkedAt, lastSignInAt, usable }) => [
    id,
    providerName,
    label,
    issuer,
    moment(linkedAt),
    lastSignInAt && moment(lastSignInAt),
    usable ? 'active' : 'cannot sign in',
  ]);
  return {
    document: linked.map(identityDocument),
    text: () =>
      rows.length === 0
        ? `${account.email} is linked to nobody at another provider.`
        : table(['Id', 'Provider', 'Called', 'Issuer', 'Linked', 'Signed in', 'State'], rows),
  };
}

async function unlink(house: House, name: string, id: IdentityId): Promise<Answer> {
  const account = await house.accounts.resolve(name);
  const unlinked = await house.identities.unlink(account, id, ORIGIN);
  return {
    document: { ...identityDocument(unlinked), unlinked: true },
    text: () => `${account.email} is not linked to ${unlinked.label} at ${unlinked.providerName} any more.`,
  };
}

async function createLink(house: House, account: Account): Promise<string> {
  return `${house.config.issuer}/password/${await house.accounts.createPasswordLink(account, ORIGIN)}`;
}

function explainLink({ config }: House, link: string): string {
  return `It sets the password, once, within ${duration(config.lifetimes.password_link)}:\n${link}`;
}

function stateOf(account: Account): string {
  if (account.disabled) return 'disabled';
  return account.passwordHash === undefined ? 'no password yet' : 'active';
}

function documentOf(account: Account) {
  return {
    id: account.id,
    email: account.email,
    email_verified: account.emailVerified,
    username: account.username ?? null,
    name: account.displayName ?? null,
    role: account.role,
    super_administrator: account.superAdministrator,
    tenant_id: account.tenantId,
    disabled: account.disabled,
    has_password: account.passwordHash !== undefined,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

function identityDocument(identity: LinkedIdentity) {
  return {
    id: identity.id,
    provider: identity.providerId,
    provider_name: identity.providerName,
    issuer: identity.issuer,
    subject: identity.subject,
    label: identity.label,
    usable: identity.usable,
    linked_at: identity.linkedAt,
    last_sign_in_at: identity.lastSignInAt ?? null,
  };
}
