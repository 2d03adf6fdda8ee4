import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError } from '../errors.ts';
import { type Account, accountId } from './account.ts';
import type { AccountDesk, AccountServiceDeps, NewAccount } from './account-desk.ts';
import type { LinkDigest, OneTimeLink } from './one-time-link.ts';

/** What people can do with a one-time link. */
export interface AccountLinks {
  /** The secret of a new link to set the password; older links of this account stop working. */
  createPasswordLink(account: Account, origin: Origin): Promise<string>;
  /** Undefined when the link is unknown, used or expired. Looking does not use it up. */
  peekPasswordLink(secret: string): Promise<Account | undefined>;
  /**
   * Once: the password is set, every session and token ends. Undefined when the link is dead.
   * @throws InvalidValueError, OverloadedError, and the link still works. After anything else it may be used up: then sessions and tokens
   * may have ended although the old password stands, and the person needs a new link.
   */
  usePasswordLink(secret: string, password: string, origin: Origin): Promise<Account | undefined>;
  /** Whether there is no super-administrator yet. */
  needsFirstAdministrator(): Promise<boolean>;
  /** The secret of a new link that makes the first super-administrator; older ones stop working. Undefined when there is one already. */
  createFirstAdministratorLink(origin: Origin): Promise<string | undefined>;
  peekFirstAdministratorLink(secret: string): Promise<boolean>;
  /** Once, under any concurrency. Undefined when the link is dead. @throws InvalidValueError, AlreadyExistsError, and the link still works */
  becomeFirstAdministrator(secret: string, input: FirstAdministrator, origin: Origin): Promise<Account | undefined>;
}

export type FirstAdministrator = Pick<NewAccount, 'tenantId' | 'email' | 'displayName'> & { readonly password: string };

const digestOf = (secret: string) => sha256(secret) as LinkDigest;

export function createAccountLinks(deps: AccountServiceDeps, desk: AccountDesk): AccountLinks {
  const { accounts, links, tokens, audit, clock, lifetimes } = deps;

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

  async function peekPasswordLink(secret: string): Promise<Account | undefined> {
    const link = await findLink(secret, 'set-password');
    const account = link?.accountId && (await accounts.findSubject(accountId(link.accountId)));
    return account && !account.disabled ? account : undefined;
  }

  async function needsFirstAdministrator(): Promise<boolean> {
    return !(await accounts.hasSuperAdministrator());
  }

  async function peekFirstAdministratorLink(secret: string): Promise<boolean> {
    return (await findLink(secret, 'first-administrator')) !== undefined && (await needsFirstAdministrator());
  }

  return {
    peekPasswordLink,
    peekFirstAdministratorLink,
    needsFirstAdministrator,

    async createPasswordLink(account, origin) {
      const secret = await createLink('set-password', account, lifetimes.passwordLink);
      await desk.record('account.link_created', account, origin, { purpose: 'set-password' });
      return secret;
    },

    async usePasswordLink(secret, password, origin) {
      const account = await peekPasswordLink(secret);
      if (!account) return undefined;
      const passwordHash = await desk.hashNew(password, account);
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      // Before and after: wherever this is cut off, no session or token outlives the link, and none begun in between the new password.
      await tokens.endAccount(account.id);
      const changed = await desk.change(account, (old) => ({ ...old, passwordHash, credentialVersion: old.credentialVersion + 1 }));
      await tokens.endAccount(account.id);
      await deps.forgive(changed);
      await desk.record('account.password_changed', changed, origin);
      return changed;
    },

    async createFirstAdministratorLink(origin) {
      if (!(await needsFirstAdministrator())) return undefined;
      const secret = await createLink('first-administrator', undefined, lifetimes.adminLink);
      await audit.record({ type: 'account.link_created', origin, detail: { purpose: 'first-administrator' } });
      return secret;
    },

    async becomeFirstAdministrator(secret, input, origin) {
      const link = await findLink(secret, 'first-administrator');
      if (!link || !(await needsFirstAdministrator())) return undefined;
      const account = await desk.draft({ ...input, role: 'admin', superAdministrator: true });
      if (!(await links.take(link.digest, clock()))) return undefined;
      await accounts.create(account).catch(async (error: unknown) => {
        // The name was taken while the password was hashed: another will do.
        if (error instanceof AlreadyExistsError) await links.put(link);
        throw error;
      });
      await desk.record('account.created', account, origin, { role: account.role, superAdministrator: true });
      return account;
    },
  };
}
