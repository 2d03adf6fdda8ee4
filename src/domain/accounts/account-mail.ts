import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Origin } from '../audit/audit-log.ts';
import { addressBucket } from '../limits/address.ts';
import type { CounterRule, Counters } from '../limits/counters.ts';
import { invitation, passwordReset } from '../mail/messages.ts';
import type { Notices } from '../mail/notices.ts';
import type { MailAbout, Post } from '../mail/post.ts';
import type { Role } from '../policy/roles.ts';
import type { Tenant } from '../tenants/tenant.ts';
import { type Account, loginKey } from './account.ts';
import type { MailedLink } from './account-links.ts';
import type { AccountService } from './account-service.ts';
import type { AccountStore } from './account-store.ts';

/** What people set in motion by e-mail. Links in mails go to the issuer, whatever a request says of its host. */
export interface AccountMail {
  /**
   * A new account without a password, and a mail with a one-time link to set one. When the mail cannot be sent there is no account either.
   * @throws InvalidValueError, AlreadyExistsError, MailNotSentError
   */
  invite(
    input: { readonly tenant: Tenant; readonly email: string; readonly username?: string; readonly role: Role; readonly by: Account },
    origin: Origin,
  ): Promise<Account>;
  /**
   * Mails a one-time link to whoever has this address, if anybody has, a few times an hour at most. Nobody is told which: the answer is the same,
   * and as quick.
   */
  requestReset(email: string, origin: Origin): Promise<void>;
  /**
   * A stranger makes an account. When the address is taken its owner gets a mail instead, a few times an hour at most, and the answer is the same.
   * @throws InvalidValueError naming the field, OverloadedError
   */
  register(input: Registration, origin: Origin): Promise<Account>;
}

export interface Registration {
  readonly tenant: Tenant;
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly phoneNumber?: string | undefined;
  readonly newsletter?: boolean | undefined;
}

export interface AccountMailDeps {
  readonly accounts: Pick<AccountService, 'create' | 'register' | 'remove' | 'createMailedLink'>;
  readonly people: AccountStore;
  readonly counters: Counters;
  readonly post: Pick<Post, 'send' | 'deliver'>;
  readonly notices: Pick<Notices, 'registrationAttempt'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly issuer: string;
}

/** So often a mailbox, and a client address, can make mails to be sent. Beyond it there is no mail, and the answer is the same. */
const MAILS_TO_ONE: CounterRule = { limit: 3, windowSeconds: 3600, blockSeconds: 3600 };
const MAILS_FROM_ONE: CounterRule = { limit: 20, windowSeconds: 3600, blockSeconds: 3600 };

export function createAccountMail(deps: AccountMailDeps): AccountMail {
  const { accounts, people, counters, post, notices, logger, clock, issuer } = deps;
  const linkTo = ({ secret }: MailedLink) => `${issuer}/password/${secret}`;
  const about = (kind: MailAbout['kind'], { tenantId, id: accountId }: Account, origin: Origin) => ({ kind, origin, tenantId, accountId });

  /** Counted whether there is anybody to write to or not: it is the same work. */
  async function mayMail(what: 'reset' | 'registration', email: string, origin: Origin): Promise<boolean> {
    const now = clock();
    const toOne = await counters.hit(`${what}:mailbox:${sha256(loginKey(email))}`, MAILS_TO_ONE, now);
    const fromOne = await counters.hit(`${what}:address:${addressBucket(origin.ip)}`, MAILS_FROM_ONE, now);
    return toOne.allowed && fromOne.allowed;
  }

  async function mailReset(email: string, origin: Origin): Promise<void> {
    const account = await people.findByLogin(loginKey(email));
    if (!account || account.disabled || loginKey(account.email) !== loginKey(email)) return;
    const link = await accounts.createMailedLink(account, 'passwordLink', origin);
    post.send(passwordReset(account.email, { link: linkTo(link), expiresAt: link.expiresAt }), about('password-reset', account, origin));
  }

  return {
    async invite({ tenant, email, username, role, by }, origin) {
      const account = await accounts.create({ tenantId: tenant.id, email, username, role }, origin);
      const link = await accounts.createMailedLink(account, 'invitation', origin);
      const mail = invitation(account.email, { inviter: by, tenantName: tenant.name, link: linkTo(link), expiresAt: link.expiresAt });
      try {
        await post.deliver(mail, about('invitation', account, origin));
      } catch (error) {
        await accounts.remove(account, origin);
        throw error;
      }
      return account;
    },

    async requestReset(email, origin) {
      if (!(await mayMail('reset', email, origin))) return;
      // Not waited for: how long it takes would tell whether there is somebody to write to.
      mailReset(email, origin).catch((error: unknown) =>
        logger.error({ err: error, requestId: origin.requestId }, 'a reset could not be mailed'),
      );
    },

    async register({ tenant, ...input }, origin) {
      const mayTell = await mayMail('registration', input.email, origin);
      const { account, takenBy } = await accounts.register({ ...input, tenantId: tenant.id, role: 'viewer' }, origin);
      if (takenBy && mayTell) notices.registrationAttempt(takenBy, origin);
      return account;
    },
  };
}
