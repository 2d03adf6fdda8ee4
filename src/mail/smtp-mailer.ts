import { createTransport } from 'nodemailer';
import { type Mailer, MailNotSentError } from '../domain/mail/mailer.ts';
import { checkHeaderValues } from './header-values.ts';

export interface SmtpOptions {
  /** The address that mail comes from. */
  readonly from: string;
  readonly host: string;
  readonly port: number;
  /** tls: from the first byte. starttls: it has to be offered, or nothing is sent. none: in the clear. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Of one step of a delivery. Milliseconds. */
  readonly timeoutMs: number;
}

/** A server that answers each step at the last moment still has to come to an end. */
const MOST_STEPS = 6;

/** Milliseconds. */
const CLOSING_MS = 1000;

/** Hands each message to a mail server, on a connection of its own. Disposing of it ends deliveries under way. */
export function createSmtpMailer(options: SmtpOptions): Mailer & Disposable {
  const { from, host, port, security, username, password, timeoutMs } = options;
  const closing = new AbortController();
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    // Never opportunistic: whoever is in the middle could take the offer away (RFC 3207, section 6).
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2' },
    ...(username !== undefined && { auth: { user: username, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: CLOSING_MS,
    // A message of ours is text: it has nothing to fetch or to read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      checkHeaderValues(mail);
      const { to, subject, text } = mail;
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(MOST_STEPS * timeoutMs)]);
      const message = {
        // As objects and with an envelope, so that nobody looks for a list of addresses in them.
        from: { name: '', address: from },
        to: { name: '', address: to },
        envelope: { from, to: [to] },
        subject,
        text,
        // RFC 3834, section 5: no automatic answers.
        headers: { 'Auto-Submitted': 'auto-generated' },
        xMailer: false as const,
        signal,
      };
      // Without its cause, which may hold words of the server.
      await transport.sendMail(message).catch((error: unknown) => {
        throw new MailNotSentError(describe(error));
      });
    },
    [Symbol.dispose]() {
      closing.abort();
      transport.close();
    },
  };
}

/** What went wrong, without the words of the server: they may repeat the password or the message. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected';
  const { code, command, responseCode, response } = error as Error &
    Partial<Record<'code' | 'command' | 'responseCode' | 'response', unknown>>;
  const where = [code, command, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number').join(' ');
  if (code === 'EABORT') return 'it took too long';
  return response === undefined || response === '' || response === false
    ? `${where}: ${error.message}`
    : `the mail server refused it: ${where}`;
}
