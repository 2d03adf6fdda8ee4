import { sha256 } from '../../lib/digest.ts';
import { randomToken } from '../../lib/random.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError } from '../errors.ts';
import { type Account, accountId } from './account.ts';
import type { AccountDesk, AccountServiceDeps, NewAccount } from './account-desk.ts';
import type { LinkDigest, OneTimeLink } from './one-time-link.ts';

/** What people can do with a one-time link. */
export interface AccountLinks {
  /**
   * The secret of a new link to set the password; the one made before it stops working. Those that were mailed do not: anybody can ask for a mail,
   * so links of one kind end none of another.
   */
  createPasswordLink(account: Account, origin: Origin): Promise<string>;
  /** The same for a mail to the account's address: an invitation, or a link that somebody asked for. */
  createMailedLink(account: Account, reason: 'invitation' | 'passwordLink', origin: Origin): Promise<MailedLink>;
  /** Undefined when the link is unknown, used or expired. Looking does not use it up. */
  peekPasswordLink(secret: string): Promise<Account | undefined>;
  /**
   * Once: the password is set, every session, token and other link ends. Undefined when the link is dead.
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

export interface MailedLink {
  readonly secret: string;
  readonly expiresAt: Date;
}

export type FirstAdministrator = Pick<NewAccount, 'tenantId' | 'email' | 'displayName'> & { readonly password: string };

const digestOf = (secret: string) => sha256(secret) as LinkDigest;

export function createAccountLinks(deps: AccountServiceDeps, desk: AccountDesk): AccountLinks {
  const { accounts, links, tokens, audit, clock, lifetimes } = deps;

  async function createLink(
    { purpose, owner, lifetimeSeconds }: { purpose: OneTimeLink['purpose']; owner?: Account; lifetimeSeconds: number },
    origin: Origin,
  ): Promise<MailedLink> {
    const secret = randomToken();
    const expiresAt = new Date(clock().getTime() + lifetimeSeconds * 1000);
    await links.put({ digest: digestOf(secret), purpose, accountId: owner?.id, expiresAt });
    if (owner) await desk.record('account.link_created', owner, origin, { purpose });
    return { secret, expiresAt };
  }

  const findLink = (secret: string) => links.find(digestOf(secret), clock());

  async function peekPasswordLink(secret: string): Promise<Account | undefined> {
    const link = await findLink(secret);
    const account = link?.accountId && (await accounts.findSubject(accountId(link.accountId)));
    return account && !account.disabled ? account : undefined;
  }

  async function needsFirstAdministrator(): Promise<boolean> {
    return !(await accounts.hasSuperAdministrator());
  }

  async function peekFirstAdministratorLink(secret: string): Promise<boolean> {
    return (await findLink(secret))?.purpose === 'first-administrator' && (await needsFirstAdministrator());
  }

  return {
    peekPasswordLink,
    peekFirstAdministratorLink,
    needsFirstAdministrator,

    async createPasswordLink(account, origin) {
      return (await createLink({ purpose: 'set-password', owner: account, lifetimeSeconds: lifetimes.passwordLink }, origin)).secret;
    },

    createMailedLink: (account, reason, origin) =>
      createLink(
        { purpose: reason === 'invitation' ? reason : 'set-password-by-mail', owner: account, lifetimeSeconds: lifetimes[reason] },
        origin,
      ),

    async usePasswordLink(secret, password, origin) {
      const link = await findLink(secret);
      const account = await peekPasswordLink(secret);
      if (!link || !account) return undefined;
      const byMail = link.purpose !== 'set-password';
      const passwordHash = await desk.hashNew(password, account);
      if (!(await links.take(digestOf(secret), clock()))) return undefined;
      // Those made for another reason have served, too.
      await links.removeFor(account.id);
      // Before and after: wherever this is cut off, no session or token outlives the link, and none begun in between the new password.
      await tokens.endAccount(account.id);
      const changed = await desk.change(account, (old) => ({
        ...old,
        passwordHash,
        emailVerified: old.emailVerified || (byMail && old.email === account.email),
        credentialVersion: old.credentialVersion + 1,
      }));
      await tokens.endAccount(account.id);
      await deps.forgive(changed);
      await desk.record('account.password_changed', changed, origin);
      deps.notices.passwordSet(changed, origin);
      return changed;
    },

    async createFirstAdministratorLink(origin) {
      if (!(await needsFirstAdministrator())) return undefined;
      const { secret } = await createLink({ purpose: 'first-administrator', lifetimeSeconds: lifetimes.adminLink }, origin);
      await audit.record({ type: 'account.link_created', origin, detail: { purpose: 'first-administrator' } });
      return secret;
    },

    async becomeFirstAdministrator(secret, input, origin) {
      const link = await findLink(secret);
      if (link?.purpose !== 'first-administrator' || !(await needsFirstAdministrator())) return undefined;
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
