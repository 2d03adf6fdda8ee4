import type { Clock } from '../../lib/clock.ts';
import type { Account } from '../accounts/account.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { Mail } from './mailer.ts';
import {
  newSignIn,
  type Occasion,
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

type Message<About> = (to: string, occasion: About, issuer: string) => Mail;

export function createNotices({ post, issuer, clock }: NoticesDeps): Notices {
  const send = (kind: MailAbout['kind'], mail: Mail, { tenantId, id: accountId }: Account, origin: Origin): void =>
    post.send(mail, { kind, origin, tenantId, accountId });
  const notice =
    (kind: MailAbout['kind'], message: Message<Occasion>) =>
    (account: Account, origin: Origin): void =>
      send(kind, message(account.email, { at: clock(), ip: origin.ip }, issuer), account, origin);
  const providerNotice =
    (kind: MailAbout['kind'], message: Message<ProviderOccasion>) =>
    (account: Account, origin: Origin, provider: string): void =>
      send(kind, message(account.email, { at: clock(), ip: origin.ip, provider }, issuer), account, origin);
  return {
    passwordSet: notice('password-set', passwordSet),
    secondFactorSet: notice('second-factor-set', secondFactorSet),
    secondFactorRemoved: notice('second-factor-removed', secondFactorRemoved),
    newSignIn: notice('new-sign-in', newSignIn),
    providerLinked: providerNotice('provider-linked', providerLinked),
    providerUnlinked: providerNotice('provider-unlinked', providerUnlinked),
    registrationAttempt: notice('registration-attempt', registrationAttempt),
  };
}
