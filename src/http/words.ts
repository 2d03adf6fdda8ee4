import type { FederationRefusal } from '../domain/federation/federation-service.ts';
import type { OpenidScope } from '../domain/policy/openid-scopes.ts';

/** Why a form came back: what happened, then what to do. */
export interface Problem {
  readonly what: string;
  readonly next: string;
}

const utcTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** "14:32 UTC": the first full minute that is not too early. */
function notBefore(at: Date): string {
  return `${utcTime.format(Math.ceil(at.getTime() / 60_000) * 60_000)} UTC`;
}

/**
 * Problems on forms. What a stranger may read is the same whether or not the name they typed exists.
 */
export const problems = {
  passwordMissing: { what: 'Your password is missing.', next: 'Type it, then sign in.' },
  wrongPassword: { what: 'That didn’t match.', next: 'Check the username and the password, then try again.' },
  accountPaused: (until: Date): Problem => ({
    what: 'Too many tries.',
    next: `Sign-in with this username is paused until ${notBefore(until)}. An administrator can give you a link to set a new password meanwhile.`,
  }),
  addressPaused: (until: Date): Problem => ({
    what: 'Too many tries.',
    next: `Sign-in from your network is paused until ${notBefore(until)}. Try again then.`,
  }),
  accountShut: {
    what: 'Too many tries.',
    next: 'Sign-in with this username is closed on this device. Sign in on another one you have used before, or ask an administrator for a link to set a new password.',
  },
  wrongCode: {
    what: 'That code didn’t match.',
    next: 'Type the one your app shows now. If it keeps failing, check that your phone’s clock is set automatically.',
  },
  usedCode: { what: 'This code was used already.', next: 'Wait for the next one, then type it.' },
  tooManyCodes: { what: 'Too many codes that didn’t match.', next: 'Start again with your password.' },
  codesPaused: (until: Date): Problem => ({
    what: 'Too many codes that didn’t match.',
    next: `Codes for this account are paused until ${notBefore(until)}. Try again then.`,
  }),
  codesShut: {
    what: 'Too many codes that didn’t match.',
    next: 'Codes for this account are closed until its password is set anew. Ask an administrator for a link to set a new one.',
  },
  wrongRecoveryCode: {
    what: 'That recovery code didn’t match.',
    next: 'Check it against your list. Each code works once, so take one you haven’t used.',
  },
  answerUsed: { what: 'That answer was used already, or took too long.', next: 'Start again, or sign in another way.' },
  notLinked: {
    what: 'Your accounts were not linked.',
    next: 'The offer was used or ran out, or somebody here has that account linked already. You can go on all the same.',
  },
  codesNotKept: { what: 'Your recovery codes aren’t kept yet.', next: 'Put them somewhere safe, tick the box, then continue.' },
} as const satisfies Record<string, Problem | ((until: Date) => Problem)>;

/** What went wrong at another provider; the other ways to sign in are on the same page. */
export const upstreamProblems = {
  down: (name: string): Problem => ({ what: `${name} isn’t answering.`, next: 'Try again in a minute, or sign in another way.' }),
  refused: (name: string): Problem => ({
    what: `${name} ended the sign-in.`,
    next: 'Nothing changed here. Try again, or sign in another way.',
  }),
  stale: (name: string): Problem => ({
    what: `${name} didn’t ask you again.`,
    next: 'You have to sign in afresh for this app, and nothing shows that you did. Sign out there and try again, or sign in another way.',
  }),
  wrong: (name: string): Problem => ({
    what: `What ${name} answered can’t be trusted.`,
    next: 'Nothing changed here. Sign in another way, and tell an administrator if it goes on.',
  }),
} as const satisfies Record<string, (provider: string) => Problem>;

/** Why nothing was linked or unlinked. */
export const wayProblems = {
  notFresh: { what: 'You signed in too long ago for that.', next: 'Nothing changed. Sign in again, then do it once more.' },
  gone: {
    what: 'That can’t be linked here any more.',
    next: 'It took too long, was done already, or began in another browser or with another account. Nothing changed. Start again from this page.',
  },
  known: (name: string, label: string): Problem => ({
    what: `${name} is linked already.`,
    next: `You came back as ${label}, who is linked to your account. To link somebody else, sign out at ${name} first.`,
  }),
  taken: (name: string, label: string): Problem => ({
    what: 'That belongs to another account here.',
    next: `You came back from ${name} as ${label}. Unlink it there first, or sign out at ${name} and come back as somebody else.`,
  }),
  barred: (name: string): Problem => ({
    what: `${name} can’t be linked to your account.`,
    next: 'You may do everything in every organisation, and this provider is set up by one of them. Sign in another way, or ask whoever runs this server for a provider of their own.',
  }),
  unknown: { what: 'There is nothing to unlink.', next: 'It was unlinked already. Your ways to sign in are below.' },
  lastWay: {
    what: 'This is your only way in.',
    next: 'Nothing changed. Link another provider first, or ask an administrator for a link to set a password.',
  },
} as const satisfies Record<string, Problem | ((name: string, label: string) => Problem)>;

/** What was done. */
export const wayNotices = {
  linked: (name: string): Problem => ({ what: `${name} is linked.`, next: 'You can sign in with it from now on.' }),
  unlinked: (name: string): Problem => ({ what: `${name} is unlinked.`, next: 'It no longer signs you in here.' }),
} as const satisfies Record<string, (name: string) => Problem>;

/** Why somebody whom another provider sent is not let in. */
export const upstreamRefusals = {
  no_account: (name: string): Problem => ({
    what: 'You have no account here yet.',
    next: `${name} knows you, but an administrator has to invite you first.`,
  }),
  no_email: (name: string): Problem => ({
    what: `${name} gave no e-mail address.`,
    next: 'An account here needs one. Allow it to be shared and try again, or sign in another way.',
  }),
  no_role: (name: string): Problem => ({
    what: 'You have no role here.',
    next: `None of your roles at ${name} means one here. Ask an administrator.`,
  }),
  not_allowed: (name: string): Problem => ({
    what: 'You can’t sign in here with this account.',
    next: `Your account at ${name} is not for this place, or yours here is switched off. Ask an administrator.`,
  }),
} as const satisfies Record<FederationRefusal, (provider: string) => Problem>;

/** Somebody here has the same address as whom another provider sent. */
export function linkFirst(name: string, login: string): Problem {
  return {
    what: 'You already have an account here.',
    next: `Sign in as ${login} with your password once. Then you can link it to ${name} and sign in with that next time.`,
  };
}

/** What a standard scope lets an app do (OpenID Connect Core 5.4, 11). The API's own are in the scope catalogue. */
export const STANDARD_SCOPE_WORDS = {
  openid: { description: 'Know it is you', limit: 'An id that stays the same each time you sign in.' },
  profile: { description: 'See your name', limit: 'Your name and username. It can’t change them.' },
  email: { description: 'See your e-mail address', limit: undefined },
  offline_access: {
    description: 'Stay connected while you are away',
    limit: 'It can act for you when you aren’t here, until this access is taken back.',
  },
} as const satisfies Record<OpenidScope, { description: string; limit: string | undefined }>;

export type ErrorKind =
  | 'lost-interaction'
  | 'page-expired'
  | 'step-done'
  | 'wrong-redirect-uri'
  | 'unknown-client'
  | 'bad-request'
  | 'forbidden'
  | 'not-found'
  | 'wrong-host'
  | 'overloaded'
  | 'store-down'
  | 'our-fault';

export interface ErrorWords {
  /** warn for what time brings about; bad, which it is when left out, for the rest. */
  readonly verdict?: 'warn' | 'bad';
  readonly badge: string;
  readonly title: string;
  readonly what: string;
  readonly next: string;
}

/** `app` is the name of the application that sent the person here, where it is known. */
export function errorWords(kind: ErrorKind, app: string | undefined): ErrorWords {
  const verdict = kind === 'page-expired' || kind === 'step-done' ? 'warn' : 'bad';
  return { verdict, ...wordsOf(kind, app ?? 'the app') };
}

function wordsOf(kind: ErrorKind, name: string): ErrorWords {
  switch (kind) {
    case 'lost-interaction':
      return {
        badge: 'Sign-in stopped',
        title: 'We lost track of this sign-in',
        what: 'Your browser didn’t send the cookie this sign-in began with. That happens when cookies are blocked, or when the sign-in began in another browser or under another address.',
        next: `Go back to ${name} and sign in again, in this browser, with cookies allowed for this site.`,
      };
    case 'page-expired':
      return {
        badge: 'Page expired',
        title: 'This page was open too long',
        what: 'A sign-in is kept for a few minutes only. Nothing was lost.',
        next: `Go back to ${name} and sign in again.`,
      };
    case 'step-done':
      return {
        badge: 'Done already',
        title: 'This step is done',
        what: 'You have been past this page in this browser, so it can’t be used again. Nothing was changed.',
        next: `Go forward to where you were, or open ${name} and sign in from there.`,
      };
    case 'wrong-redirect-uri':
      return {
        badge: 'Sign-in stopped',
        title: `We didn’t send you back to ${name}`,
        what: 'The app asked us to return you to an address that isn’t registered for it. Going there could hand your sign-in to someone else, so we stopped here. Your account is safe.',
        next: `Open ${name} again and sign in from its start page. If you land here once more, send its support team the reference below.`,
      };
    case 'unknown-client':
      return {
        badge: 'Sign-in stopped',
        title: 'We don’t know this app',
        what: 'The app that sent you here isn’t registered, or is switched off. We told it nothing about you.',
        next: 'Check that you opened the app you meant to. If you did, send its support team the reference below.',
      };
    case 'bad-request':
      return {
        badge: 'Request refused',
        title: 'We couldn’t follow this request',
        what: `What ${name} sent isn’t complete, or isn’t allowed. Nothing was changed.`,
        next: `Go back to ${name} and start again. If you land here once more, send its support team the reference below.`,
      };
    case 'forbidden':
      return {
        badge: 'Form refused',
        title: 'We didn’t accept that form',
        what: 'It didn’t come from a page that we showed to this browser, or you have signed in or out since in another tab. Nothing was changed.',
        next: 'Go back, load the page again and send it once more.',
      };
    case 'not-found':
      return {
        badge: 'Not found',
        title: 'There is no page here',
        what: 'The address may be mistyped, or the page has moved.',
        next: 'Check the address, or go back to where you came from.',
      };
    case 'wrong-host':
      return {
        badge: 'Wrong address',
        title: 'This server goes by another name',
        what: 'It was called by a host name that isn’t the one it is set up for, so it doesn’t answer here.',
        next: 'Use the address below.',
      };
    case 'overloaded':
      return {
        badge: 'Busy',
        title: 'More people are signing in than we can serve at once',
        what: 'We stopped before doing anything, so nothing was changed.',
        next: 'Wait a few seconds, then try again.',
      };
    case 'store-down':
      return {
        badge: 'Out of reach',
        title: 'We can’t reach our records right now',
        what: 'Nothing was changed. Whatever you were signed in to stays as it is.',
        next: 'Try again in a minute. If it stays, quote the reference below.',
      };
    case 'our-fault':
      return {
        badge: 'Our fault',
        title: 'Something broke on our side',
        what: 'It is not about you or what you typed.',
        next: 'Try again in a minute. If it stays, quote the reference below.',
      };
  }
}
