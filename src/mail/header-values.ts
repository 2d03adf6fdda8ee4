import { type Mail, MailNotSentError } from '../domain/mail/mailer.ts';

/**
 * What becomes a header or an SMTP command stays on its line, and the recipient is one address: nothing in it can add another header or
 * recipient (CWE-93).
 * @throws MailNotSentError
 */
export function checkHeaderValues({ to, subject }: Mail): void {
  if (/\p{Cc}|[\u2028\u2029]/u.test(subject)) throw new MailNotSentError('the subject is not one line');
  if (!/^[^\s\p{Cc}<>",;:()[\]\\@]+@[^\s\p{Cc}<>",;:()[\]\\@]+$/u.test(to)) throw new MailNotSentError('the recipient is not one address');
}
