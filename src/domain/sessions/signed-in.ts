import type { Account } from '../accounts/account.ts';

/** Who is signed in on a browser, since when and how. */
export interface SignedIn {
  readonly account: Account;
  /** When they last proved who they are. */
  readonly since: Date;
  /** RFC 8176: pwd, otp, mfa; `fed` for another provider. */
  readonly amr: readonly string[];
}

/**
 * By the engine's session, for pages of our own. Undefined when nobody is signed in: also when the session has ended or had its time, and when the
 * account is gone, disabled or has new credentials. `Exchange` is the HTTP request and response the session's cookie travels in.
 */
export type FindSignedIn<Exchange> = (exchange: Exchange) => Promise<SignedIn | undefined>;

/** As long as somebody who just signed in may change how they do. */
const FRESH_MS = 10 * 60_000;

/** Whether they proved themselves just now, and by password if that is asked: a browser that was left open, or a stolen session, has not. */
export function hasJustProved({ since, amr }: SignedIn, now: Date, byPassword: boolean): boolean {
  return now.getTime() - since.getTime() <= FRESH_MS && (!byPassword || amr.includes('pwd'));
}
