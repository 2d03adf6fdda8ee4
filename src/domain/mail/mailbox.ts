import type { Mail } from './mailer.ts';

export interface CapturedMail extends Mail {
  readonly at: Date;
}

/** Mail that was kept instead of sent, for whoever tries the house out. */
export interface Mailbox {
  /** Newest first. */
  list(): readonly CapturedMail[];
}
