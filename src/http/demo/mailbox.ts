import type { CapturedMail, Mailbox } from '../../domain/mail/mailbox.ts';
import type { DemoMailbox } from '../demo-data.ts';

export const MAILBOX_PATH = '/demo/mailbox';

/** What the page is told: the messages, with the addresses of ours in them as links. */
export function mailboxPage(mailbox: Mailbox, issuer: string): DemoMailbox {
  return {
    path: MAILBOX_PATH,
    startPath: '/demo',
    mails: mailbox.list().map((mail) => ({ ...mail, parts: partsOf(mail, issuer) })),
  };
}

/** Nothing else becomes a link: names of strangers stand in a mail as well. */
function partsOf({ text }: CapturedMail, issuer: string): DemoMailbox['mails'][number]['parts'] {
  return text.split(/(https?:\/\/\S+)/).map((part) => ({
    text: part,
    href: URL.canParse(part) && new URL(part).origin === issuer ? part : undefined,
  }));
}
