import type { Clock } from '../../lib/clock.ts';
import type { Account } from '../accounts/account.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { Mail } from './mailer.ts';
import {
  newSignIn,
  type ProviderOccasion,
  passwordSet,
  providerLinked,
  providerUnlinked,
  registrationAttempt,
  secondFactorRemoved,
  secondFactorSet,
} from './messages.ts';
import type { MailAbout, Post } from './post.ts';

/** Tells a person by mail what happened to their account. Returns at once, never throws: see Post.send. */
export interface Notices {
  passwordSet(account: Account, origin: Origin): void;
  secondFactorSet(account: Account, origin: Origin): void;
  secondFactorRemoved(account: Account, origin: Origin): void;
  newSignIn(account: Account, origin: Origin): void;
  /** @param provider its name */
  providerLinked(account: Account, origin: Origin, provider: string): void;
  providerUnlinked(account: Account, origin: Origin, provider: string): void;
  /** Somebody wanted an account with the address of this one. */
  registrationAttempt(account: Account, origin: Origin): void;
}

export interface NoticesDeps {
  readonly post: Pick<Post, 'send'>;
  readonly issuer: string;
  readonly clock: Clock;
}

type Message = (to: string, occasion: ProviderOccasion, issuer: string) => Mail;

export function createNotices({ post, issuer, clock }: NoticesDeps): Notices {
  const notice =
    (kind: MailAbout['kind'], message: Message) =>
    (account: Account, origin: Origin, provider = ''): void =>
      post.send(message(account.email, { at: clock(), ip: origin.ip, provider }, issuer), {
        kind,
        origin,
        tenantId: account.tenantId,
        accountId: account.id,
      });
  return {
    passwordSet: notice('password-set', passwordSet),
    secondFactorSet: notice('second-factor-set', secondFactorSet),
    secondFactorRemoved: notice('second-factor-removed', secondFactorRemoved),
    newSignIn: notice('new-sign-in', newSignIn),
    providerLinked: notice('provider-linked', providerLinked),
    providerUnlinked: notice('provider-unlinked', providerUnlinked),
    registrationAttempt: notice('registration-attempt', registrationAttempt),
  };
}
