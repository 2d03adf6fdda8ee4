import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { Origin } from '../audit/audit-log.ts';
import { type Account, accountId } from './account.ts';
import type { AccountDesk, AccountServiceDeps, NewAccount } from './account-service.ts';
import type { LinkDigest, OneTimeLink } from './one-time-link.ts';

/** What people can do with a one-time link. */
export interface AccountLinks {
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
  becomeFirstAdministrator(secret: string, input: FirstAdministrator, origin: Origin): Promise<Account | undefined>;
}

export type FirstAdministrator = Pick<NewAccount, 'tenantId' | 'email' | 'displayName'> & { readonly password: string };

const digestOf = (secret: string) => sha256(secret) as LinkDigest;

export function createAccountLinks(deps: AccountServiceDeps, desk: AccountDesk): AccountLinks {
  const { accounts, links, tokens, clock, lifetimes } = deps;

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

  async function peekFirstAdministratorLink(secret: string): Promise<boolean> {
    return (await findLink(secret, 'first-administrator')) !== undefined && !(await accounts.hasSuperAdministrator());
  }

  return {
    peekPasswordLink,
    peekFirstAdministratorLink,

    async createPasswordLink(account, origin) {
      const secret = await createLink('set-password', account, lifetimes.passwordLink);
      await desk.record('account.link_created', account, origin);
      return secret;
    },

    async usePasswordLink(secret, password, origin) {
      const account = await peekPasswordLink(secret);
      if (!account) return undefined;
      const passwordHash = await desk.hashNew(password, account);
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      const changed = await desk.change(account, (old) => ({ ...old, passwordHash, credentialVersion: old.credentialVersion + 1 }));
      await tokens.endAccount(account.id);
      await deps.forgive(changed);
      await desk.record('account.password_changed', changed, origin);
      return changed;
    },

    async createFirstAdministratorLink() {
      if (await accounts.hasSuperAdministrator()) return undefined;
      return await createLink('first-administrator', undefined, lifetimes.adminLink);
    },

    async becomeFirstAdministrator(secret, input, origin) {
      if (!(await peekFirstAdministratorLink(secret))) return undefined;
      const account = await desk.draft({ ...input, role: 'admin', superAdministrator: true });
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      await accounts.create(account);
      await desk.record('account.created', account, origin, { role: account.role, superAdministrator: true });
      return account;
    },
  };
}
