import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, NotFoundError } from '../errors.ts';
import type { Role } from '../policy/roles.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TokenRegistry } from '../tokens/token-registry.ts';
import { type Account, accountId, loginKey, parseDisplayName, parseEmail, parseUsername } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { LinkDigest, OneTimeLink, OneTimeLinkStore } from './one-time-link.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { checkNewPassword, type PasswordRules } from './password-policy.ts';

export interface NewAccount {
  readonly tenantId: TenantId;
  readonly email: string;
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
  readonly role: Role;
  readonly superAdministrator?: boolean;
  readonly password?: string | undefined;
}

export interface AccountService {
  /** @throws InvalidValueError naming the field, AlreadyExistsError, OverloadedError */
  create(input: NewAccount, origin: Origin): Promise<Account>;
  /** By id, e-mail or username. @throws NotFoundError */
  resolve(name: string): Promise<Account>;
  setRole(account: Account, role: Role, origin: Origin): Promise<Account>;
  /** A disabled person's sessions and tokens end at once. */
  setDisabled(account: Account, disabled: boolean, origin: Origin): Promise<Account>;
  /** The secret of a new link to set the password; older links of this account stop working. */
  createPasswordLink(account: Account, origin: Origin): Promise<string>;
  /** Undefined when the link is unknown, used or expired. Looking does not use it up. */
  peekPasswordLink(secret: string): Promise<Account | undefined>;
  /** Once: the password is set, every session and token ends. Undefined when the link is dead. @throws InvalidValueError, and the link still works */
  usePasswordLink(secret: string, password: string, origin: Origin): Promise<Account | undefined>;
  /** The secret of the link that makes the first super-administrator, or undefined when there is one already. */
  createFirstAdministratorLink(): Promise<string | undefined>;
  peekFirstAdministratorLink(secret: string): Promise<boolean>;
  /** Once, under any concurrency. Undefined when the link is dead. @throws InvalidValueError, AlreadyExistsError, and the link still works */
  becomeFirstAdministrator(
    secret: string,
    input: Pick<NewAccount, 'tenantId' | 'email' | 'displayName'> & { password: string },
    origin: Origin,
  ): Promise<Account | undefined>;
}

export interface AccountServiceDeps {
  readonly accounts: AccountStore;
  readonly links: OneTimeLinkStore;
  readonly hasher: PasswordHasher;
  readonly tokens: TokenRegistry;
  readonly forgive: (account: Account) => Promise<void>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly rules: PasswordRules;
  /** Seconds. */
  readonly lifetimes: { readonly passwordLink: number; readonly adminLink: number };
}

const digestOf = (secret: string) => sha256(secret) as LinkDigest;

export function createAccountService(deps: AccountServiceDeps): AccountService {
  const { accounts, links, hasher, tokens, audit, clock, rules, lifetimes } = deps;
  const record = (type: AuditType, account: Account, origin: Origin, detail = {}) =>
    audit.record({ type, origin, tenantId: account.tenantId, accountId: account.id, detail });

  async function change(account: Account, next: (old: Account) => Account): Promise<Account> {
    const changed = await accounts.update(account.tenantId, account.id, (old) => ({ ...next(old), updatedAt: clock() }));
    if (!changed) throw new NotFoundError('This account was removed in the meantime.');
    return changed;
  }

  async function createLink(purpose: OneTimeLink['purpose'], owner: Account | undefined, lifetimeSeconds: number): Promise<string> {
    const secret = randomToken();
    const expiresAt = new Date(clock().getTime() + lifetimeSeconds * 1000);
    await links.put({ digest: digestOf(secret), purpose, accountId: owner?.id, expiresAt });
    return secret;
  }

  async function findLink(secret: string, purpose: OneTimeLink['purpose']): Promise<OneTimeLink | undefined> {
    const link = await links.find(digestOf(secret), clock());
    return link?.purpose === purpose ? link : undefined;
  }

  const ownWords = (account: Pick<Account, 'email' | 'username' | 'displayName'>) => [
    account.email,
    account.username ?? '',
    account.displayName ?? '',
  ];

  async function build(input: NewAccount): Promise<Account> {
    const email = parseEmail(input.email);
    const username = input.username === undefined ? undefined : parseUsername(input.username);
    const displayName = input.displayName === undefined ? undefined : parseDisplayName(input.displayName);
    if (await accounts.findByLogin(loginKey(email))) throw new AlreadyExistsError('email');
    if (input.password !== undefined) await checkNewPassword(input.password, ownWords({ email, username, displayName }), rules, hasher);
    const now = clock();
    return {
      id: accountId(randomUUID()),
      tenantId: input.tenantId,
      email,
      emailVerified: false,
      username,
      displayName,
      role: input.role,
      superAdministrator: input.superAdministrator ?? false,
      disabled: false,
      passwordHash: input.password === undefined ? undefined : await hasher.hash(input.password),
      credentialVersion: 1,
      createdAt: now,
      updatedAt: now,
    };
  }

  const service: AccountService = {
    async create(input, origin) {
      const account = await build(input);
      await accounts.create(account);
      await record('account.created', account, origin, { role: account.role, superAdministrator: account.superAdministrator });
      return account;
    },

    async resolve(name) {
      const account = (await accounts.findSubject(accountId(name))) ?? (await accounts.findByLogin(loginKey(name)));
      if (!account) throw new NotFoundError(`There is no account “${name}”. Give its e-mail address, username or id.`);
      return account;
    },

    async setRole(account, role, origin) {
      const changed = await change(account, (old) => ({ ...old, role }));
      await record('account.changed', changed, origin, { role, before: account.role });
      return changed;
    },

    async setDisabled(account, disabled, origin) {
      const changed = await change(account, (old) => ({ ...old, disabled, credentialVersion: old.credentialVersion + 1 }));
      if (disabled) {
        await links.removeFor(account.id);
        await tokens.endAccount(account.id);
      } else await deps.forgive(changed);
      await record(disabled ? 'account.disabled' : 'account.enabled', changed, origin);
      return changed;
    },

    async createPasswordLink(account, origin) {
      const secret = await createLink('set-password', account, lifetimes.passwordLink);
      await record('account.link_created', account, origin);
      return secret;
    },

    async peekPasswordLink(secret) {
      const link = await findLink(secret, 'set-password');
      const account = link?.accountId && (await accounts.findSubject(link.accountId));
      return account && !account.disabled ? account : undefined;
    },

    async usePasswordLink(secret, password, origin) {
      const account = await service.peekPasswordLink(secret);
      if (!account) return undefined;
      await checkNewPassword(password, ownWords(account), rules, hasher);
      const passwordHash = await hasher.hash(password);
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      const changed = await change(account, (old) => ({ ...old, passwordHash, credentialVersion: old.credentialVersion + 1 }));
      await tokens.endAccount(account.id);
      await deps.forgive(changed);
      await record('account.password_changed', changed, origin);
      return changed;
    },

    async createFirstAdministratorLink() {
      if (await accounts.hasSuperAdministrator()) return undefined;
      return await createLink('first-administrator', undefined, lifetimes.adminLink);
    },

    async peekFirstAdministratorLink(secret) {
      return (await findLink(secret, 'first-administrator')) !== undefined && !(await accounts.hasSuperAdministrator());
    },

    async becomeFirstAdministrator(secret, input, origin) {
      if (!(await service.peekFirstAdministratorLink(secret))) return undefined;
      const account = await build({ ...input, role: 'admin', superAdministrator: true });
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      await accounts.create(account);
      await record('account.created', account, origin, { role: account.role, superAdministrator: true });
      return account;
    },
  };
  return service;
}
