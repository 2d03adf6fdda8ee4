import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../lib/logger.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { type Mail, type Mailer, MailNotSentError } from './mailer.ts';

/** What a mail is about, for the log and the audit log. */
export interface MailAbout {
  readonly kind:
    | 'invitation'
    | 'password-reset'
    | 'password-set'
    | 'second-factor-set'
    | 'second-factor-removed'
    | 'new-sign-in'
    | 'provider-linked'
    | 'provider-unlinked'
    | 'registration-attempt';
  readonly origin: Origin;
  readonly tenantId?: string | undefined;
  readonly accountId?: string | undefined;
}

export interface MailCounts {
  readonly sent: number;
  readonly failed: number;
}

/** Everything that is mailed goes through here. What fails is logged and audited as `mail.failed`. */
export interface Post extends AsyncDisposable {
  /** Returns at once and never throws: neither an answer nor its timing depends on whether there was a mail to send. */
  send(mail: Mail, about: MailAbout): void;
  /** For whoever has to hear that it failed. @throws MailNotSentError */
  deliver(mail: Mail, about: MailAbout): Promise<void>;
  /** Since the process started. */
  counts(): MailCounts;
  /** Waits a few seconds for mails under way; what is not sent by then has failed. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PostDeps {
  /** Disposing of it ends deliveries under way at once. */
  readonly mailer: Mailer & Partial<Disposable>;
  readonly audit: Audit;
  readonly logger: Logger;
  /** How long mails under way are waited for at the end. Milliseconds, 5000 unless told. */
  readonly drainMs?: number;
}

interface Letter {
  readonly mail: Mail;
  readonly about: MailAbout;
}

const MOST_WAITING = 100;
/** Of those, what nobody asked for: strangers can cause notices, and may not crowd out the mail that somebody waits for. */
const MOST_NOTICES = 50;
const MOST_AT_ONCE = 4;
const DRAIN_MS = 5000;

const isNotice = ({ kind }: MailAbout) => kind !== 'invitation' && kind !== 'password-reset';

export function createPost({ mailer, audit, logger, drainMs = DRAIN_MS }: PostDeps): Post {
  const waiting: Letter[] = [];
  const underWay = new Set<Promise<void>>();
  const counts = { sent: 0, failed: 0 };
  let closing = false;

  async function fail({ kind, origin, tenantId, accountId }: MailAbout, reason: string): Promise<void> {
    counts.failed++;
    logger.warn({ mail: kind, requestId: origin.requestId, tenantId, accountId, reason }, 'a mail was not sent');
    await audit
      .record({ type: 'mail.failed', origin, tenantId, accountId, detail: { mail: kind, reason } })
      .catch((error: unknown) => logger.error({ err: error }, 'a mail that was not sent could not be recorded'));
  }

  async function deliver(mail: Mail, about: MailAbout): Promise<void> {
    try {
      await mailer.send(mail);
      counts.sent++;
    } catch (error) {
      if (!(error instanceof MailNotSentError)) logger.error({ err: error }, 'sending a mail failed');
      await fail(about, error instanceof MailNotSentError ? error.message : 'unexpected');
      throw error;
    }
  }

  function begin(work: Promise<void>): void {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        underWay.delete(settled);
        proceed();
      });
    underWay.add(settled);
  }

  function proceed(): void {
    while (underWay.size < MOST_AT_ONCE) {
      const letter = waiting.shift();
      if (!letter) return;
      begin(deliver(letter.mail, letter.about));
    }
  }

  function isFullFor(about: MailAbout): boolean {
    if (waiting.length >= MOST_WAITING) return true;
    return isNotice(about) && waiting.filter((letter) => isNotice(letter.about)).length >= MOST_NOTICES;
  }

  return {
    deliver,
    counts: () => ({ ...counts }),

    send(mail, about) {
      if (closing || isFullFor(about)) {
        void fail(about, closing ? 'the process is stopping' : 'too many mails are waiting');
        return;
      }
      waiting.push({ mail, about });
      // The answer first.
      setImmediate(proceed);
    },

    async [Symbol.asyncDispose]() {
      closing = true;
      proceed();
      const over = new AbortController();
      const allSent = async () => {
        while (underWay.size > 0) await Promise.all(underWay);
      };
      await Promise.race([allSent(), delay(drainMs, undefined, { signal: over.signal }).catch(() => undefined)]);
      over.abort();
      const late = waiting.splice(0);
      mailer[Symbol.dispose]?.();
      await Promise.all([...underWay, ...late.map(({ about }) => fail(about, 'the process stopped before it was sent'))]);
    },
  };
}
