import {
  AlreadyExistsError,
  InvalidValueError,
  NotFoundError,
  OverloadedError,
  SecondFactorOwedError,
  StoreUnavailableError,
} from '../../domain/errors.ts';
import type { Passed, SignInOutcome, WaitingOutcome } from '../../domain/login/api-sign-in.ts';
import { MailNotSentError } from '../../domain/mail/mailer.ts';
import { RequestError } from '../errors.ts';
import { type Trouble, TroubleError } from './trouble.ts';

/** What an error means to a caller. Whatever is not known is a fault of ours, of which nothing is said. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof TroubleError) return error.trouble;
  if (error instanceof InvalidValueError) return { kind: 'bad_request', field: error.field, message: error.message };
  if (error instanceof AlreadyExistsError) return { kind: 'conflict', field: error.field, message: error.message };
  if (error instanceof NotFoundError) return { kind: 'not_found', message: error.message };
  if (error instanceof SecondFactorOwedError) return { kind: 'second_factor_owed' };
  if (error instanceof OverloadedError) return { kind: 'overloaded', seconds: error.retryAfterSeconds, message: error.message };
  if (error instanceof StoreUnavailableError) return { kind: 'store_unavailable', seconds: error.retryAfterSeconds };
  if (error instanceof MailNotSentError) return { kind: 'mail_failed' };
  if (error instanceof RequestError) return { kind: 'bad_request', field: undefined, message: error.message };
  return { kind: 'failed' };
}

/** Seconds until then, at least one; what a pause tells a caller to wait. */
export function secondsUntil(until: Date, now: Date): number {
  return Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
}

/** Goes on only when somebody signed in. @throws TroubleError for every other outcome */
export function signedIn(outcome: SignInOutcome | WaitingOutcome, now: Date): Passed {
  switch (outcome.kind) {
    case 'passed':
      return outcome;
    case 'failed':
      throw new TroubleError({ kind: 'bad_credentials' });
    case 'code_wanted':
      throw new TroubleError({ kind: 'code_wanted' });
    case 'code_wrong':
      throw new TroubleError({ kind: 'bad_code' });
    case 'address_refused':
      throw new TroubleError({ kind: 'address_refused' });
    case 'over':
      throw new TroubleError({ kind: 'sign_in_over' });
    case 'paused':
      throw new TroubleError({ kind: 'login_limited', seconds: outcome.until && secondsUntil(outcome.until, now) });
  }
}
