import { type Mailer, MailNotSentError } from '../domain/mail/mailer.ts';

/** Where no mail server is configured: nothing is sent, and whoever wants to send hears it. */
export const noMailer: Mailer = {
  async send() {
    throw new MailNotSentError('no mail server is configured');
  },
};
