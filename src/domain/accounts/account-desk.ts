import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, NotFoundError } from '../errors.ts';
import type { Notices } from '../mail/notices.ts';
import type { Role } from '../policy/roles.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TokenRegistry } from '../tokens/token-registry.ts';
import { type Account, accountId, loginKey, parseDisplayName, parseEmail, parsePhoneNumber, parseUsername } from './account.ts';
import type { AccountStore } from './account-store.ts';
import type { OneTimeLinkStore } from './one-time-link.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { checkNewPassword, type PasswordRules } from './password-policy.ts';

export interface NewAccount {
  readonly tenantId: TenantId;
  readonly email: string;
  readonly username?: string | undefined;
  readonly displayName?: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly newsletter?: boolean | undefined;
  readonly role: Role;
  readonly superAdministrator?: boolean;
  readonly password?: string | undefined;
}

export interface AccountServiceDeps {
  readonly accounts: AccountStore;
  readonly links: OneTimeLinkStore;
  readonly hasher: PasswordHasher;
  readonly tokens: TokenRegistry;
  /** Lifts the pauses that failed sign-ins put on somebody. */
  readonly forgive: (account: Account) => Promise<void>;
  readonly notices: Pick<Notices, 'passwordSet'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly rules: PasswordRules;
  /** Seconds. */
  readonly lifetimes: { readonly passwordLink: number; readonly adminLink: number; readonly invitation: number };
}

/** What the service and its links have in common. */
export interface AccountDesk {
  /** Checks the values, hashes the password; stores nothing. @throws AlreadyExistsError when the address is taken already */
  draft(input: NewAccount): Promise<Account>;
  /** The same without a look at who is there. */
  shape(input: NewAccount): Promise<Account>;
  /** The hash of a password that passed the policy. @throws InvalidValueError with the reason */
  hashNew(password: string, owner: Pick<Account, 'email' | 'username' | 'displayName'>): Promise<string>;
  change(account: Account, next: (old: Account) => Account): Promise<Account>;
  record(type: AuditType, account: Account, origin: Origin, detail?: Record<string, string | boolean>): Promise<void>;
}

export function createDesk({ accounts, hasher, audit, clock, rules }: AccountServiceDeps): AccountDesk {
  const desk: AccountDesk = {
    async hashNew(password, { email, username, displayName }) {
      await checkNewPassword(password, [email, username ?? '', displayName ?? ''], rules, hasher);
      return await hasher.hash(password);
    },
    async draft(input) {
      // Before the hashing: the store decides in the end, but a taken name need not cost a second.
      if (await accounts.findByLogin(loginKey(parseEmail(input.email)))) throw new AlreadyExistsError('email');
      return await desk.shape(input);
    },
    async shape(input) {
      const email = parseEmail(input.email);
      const username = input.username === undefined ? undefined : parseUsername(input.username);
      const displayName = input.displayName === undefined ? undefined : parseDisplayName(input.displayName);
      const now = clock();
      return {
        id: accountId(randomUUID()),
        tenantId: input.tenantId,
        email,
        emailVerified: false,
        username,
        displayName,
        phoneNumber: input.phoneNumber === undefined ? undefined : parsePhoneNumber(input.phoneNumber),
        newsletter: input.newsletter ?? false,
        role: input.role,
        superAdministrator: input.superAdministrator ?? false,
        disabled: false,
        passwordHash: input.password === undefined ? undefined : await desk.hashNew(input.password, { email, username, displayName }),
        credentialVersion: 1,
        createdAt: now,
        updatedAt: now,
      };
    },
    async change(account, next) {
      const changed = await accounts.update(account.tenantId, account.id, (old) => ({ ...next(old), updatedAt: clock() }));
      if (!changed) throw new NotFoundError('This account was removed in the meantime.');
      return changed;
    },
    record: (type, account, origin, detail = {}) =>
      audit.record({ type, origin, tenantId: account.tenantId, accountId: account.id, detail }),
  };
  return desk;
}
