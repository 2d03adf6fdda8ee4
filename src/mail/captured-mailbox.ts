import type { CapturedMail, Mailbox } from '../domain/mail/mailbox.ts';
import type { Mailer } from '../domain/mail/mailer.ts';
import type { Clock } from '../lib/clock.ts';
import { checkHeaderValues } from './header-values.ts';

const KEPT = 100;

/** Keeps the last 100 messages in the memory of this process and sends none. */
export function createCapturedMailbox({ clock }: { clock: Clock }): Mailer & Mailbox {
  const kept: CapturedMail[] = [];
  return {
    async send(mail) {
      checkHeaderValues(mail);
      kept.unshift({ ...mail, at: clock() });
      kept.length = Math.min(kept.length, KEPT);
    },
    list: () => [...kept],
  };
}
