/** A message to one person, in plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Lines end with \n. */
  readonly text: string;
}

/** A mail server did not take a message: it was not sent, or nobody can say. */
export class MailNotSentError extends Error {
  override readonly name = 'MailNotSentError';
}

export interface Mailer {
  /** Resolves when a mail server has taken it. @throws MailNotSentError, also when no mail server is configured */
  send(mail: Mail): Promise<void>;
}
