import { inUtc } from '../../lib/in-utc.ts';
import type { Mail } from './mailer.ts';

/** When something was done, and from which address. */
export interface Occasion {
  readonly at: Date;
  /** Of the client, as the trusted proxies tell it. */
  readonly ip: string;
}

export interface ProviderOccasion extends Occasion {
  /** What the provider is called. */
  readonly provider: string;
}

/** Links are made of the configured issuer alone: what a request says of its host never gets into a mail. */
export interface LinkByMail {
  readonly link: string;
  readonly expiresAt: Date;
}

export interface Invitation extends LinkByMail {
  readonly inviter: { readonly displayName: string | undefined; readonly email: string };
  readonly tenantName: string;
}

/** Longest name that is shown. Characters. */
const LONGEST_NAME = 60;

/**
 * A name that somebody chose, as part of a sentence of ours: on one line, short, and nothing in it that mail programs make a link of.
 */
function plain(name: string): string {
  const line = name
    .normalize('NFC')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/[/\\:@<>]+/g, ' ')
    .replace(/\.(?=\S)/g, '. ')
    .replace(/ {2,}/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length <= LONGEST_NAME ? line : `${characters.slice(0, LONGEST_NAME - 1).join('')}…`;
}

const hostOf = (issuer: string) => new URL(issuer).host;

const paragraphs = (...texts: readonly string[]) => `${texts.join('\n\n')}\n`;

export function invitation(to: string, { inviter, tenantName, link, expiresAt }: Invitation): Mail {
  const tenant = plain(tenantName);
  const who = inviter.displayName === undefined ? inviter.email : `${plain(inviter.displayName)} (${inviter.email})`;
  return {
    to,
    subject: `Your invitation to ${tenant}`,
    text: paragraphs(
      `${who} invites you to ${tenant}.`,
      `Open this link to set your password. It works once, until ${inUtc(expiresAt)}:\n${link}`,
      'If you know nothing of it, leave the link alone: nothing happens then.',
    ),
  };
}

export function passwordReset(to: string, { link, expiresAt }: LinkByMail): Mail {
  return {
    to,
    subject: 'Set a new password',
    text: paragraphs(
      `Somebody, most likely you, asked for a new password for ${to}.`,
      `Open this link to set it. It works once, until ${inUtc(expiresAt)}:\n${link}`,
      'If this was not you, ignore this message: your password stays as it is.',
    ),
  };
}

export function passwordSet(to: string, { at, ip }: Occasion, issuer: string): Mail {
  return {
    to,
    subject: 'Your password was set',
    text: paragraphs(
      `A new password was set for ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. Everybody who was signed in with the old one is signed out.`,
      'If this was you, there is nothing to do.',
      'If it was not, somebody else can sign in as you and may read your mail. Change the password of your mailbox, then ask an administrator for a link to set a new one here.',
    ),
  };
}

export function secondFactorSet(to: string, { at, ip }: Occasion, issuer: string): Mail {
  return {
    to,
    subject: 'Two-step sign-in is on',
    text: paragraphs(
      `An authenticator app was set up for ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. From now on its codes are asked for.`,
      'If this was you, there is nothing to do. Keep the recovery codes where you find them again.',
      'If it was not, somebody else can sign in as you. Ask an administrator to take the app away, and for a link to set a new password.',
    ),
  };
}

export function secondFactorRemoved(to: string, { at, ip }: Occasion, issuer: string): Mail {
  return {
    to,
    subject: 'Two-step sign-in is off',
    text: paragraphs(
      `The authenticator app of ${to} was taken away at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. From now on the password alone is enough.`,
      'If this was you, or you asked an administrator for it, there is nothing to do.',
      'If it was not, somebody may be signed in as you. Set a new password, or ask an administrator for a link to do so: that signs everybody out.',
    ),
  };
}

export function newSignIn(to: string, { at, ip }: Occasion, issuer: string): Mail {
  return {
    to,
    subject: 'A sign-in from a new place',
    text: paragraphs(
      `Somebody signed in as ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. You have not signed in from there lately.`,
      'If this was you, there is nothing to do.',
      'If it was not, somebody knows your password. Set a new one, or ask an administrator for a link to do so: that signs everybody out.',
    ),
  };
}

export function providerLinked(to: string, { at, ip, provider }: ProviderOccasion, issuer: string): Mail {
  return {
    to,
    subject: `You can sign in with ${plain(provider)}`,
    text: paragraphs(
      `${plain(provider)} was linked to the account of ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. Whoever signs in there can sign in as you here.`,
      'If this was you, there is nothing to do.',
      'If it was not, ask an administrator to unlink it, and for a link to set a new password: that signs everybody out.',
    ),
  };
}

export function providerUnlinked(to: string, { at, ip, provider }: ProviderOccasion, issuer: string): Mail {
  return {
    to,
    subject: `You cannot sign in with ${plain(provider)} any more`,
    text: paragraphs(
      `${plain(provider)} was unlinked from the account of ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}.`,
      'If this was you, or you asked an administrator for it, there is nothing to do.',
      'If it was not, somebody may be signed in as you. Set a new password, or ask an administrator for a link to do so: that signs everybody out.',
    ),
  };
}

export function registrationAttempt(to: string, { at, ip }: Occasion, issuer: string): Mail {
  return {
    to,
    subject: 'You have an account already',
    text: paragraphs(
      `Somebody tried to make an account for ${to} at ${hostOf(issuer)}, on ${inUtc(at)}, from the address ${ip}. There is one already, and nothing about it was changed.`,
      'If this was you, sign in, or ask for a new password.',
      'If it was not, there is nothing to do.',
    ),
  };
}
