import { isIPv4 } from 'node:net';
import { isDemoOn } from './demo-mode.ts';
import { isLocal, normaliseIssuer } from './issuer.ts';
import type { Rule, RuleInput } from './rule.ts';

const isThisMachine = (host: string) => host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

function hasDemo(value: RuleInput['value']): boolean {
  const [issuer, demo, host, workers] = ['issuer', 'demo', 'server.host', 'server.workers'].map(value);
  // Where one of them was refused, that is told already.
  if (typeof issuer !== 'string' || (demo !== 'auto' && demo !== 'on' && demo !== 'off')) return true;
  return isDemoOn({ local: isLocal(normaliseIssuer(issuer)), demo, host: String(host), workers: Number(workers) });
}

export const MAIL_RULES: readonly Rule[] = [
  {
    path: 'mail.smtp.host',
    check: ({ value }) =>
      value('mail.transport') === 'smtp' && value('mail.smtp.host') === null
        ? ['Mail goes by SMTP, and no server is named.', 'Set mail.smtp.host, or mail.transport to auto or off.']
        : undefined,
  },
  {
    path: 'mail.transport',
    check: ({ value }) =>
      value('mail.transport') === 'captured' && !hasDemo(value)
        ? [
            'Captured mail is shown to everybody, links to set passwords included, so it is kept only where the demo is on.',
            'Set mail.transport to auto, and mail.smtp.host to your mail server.',
          ]
        : undefined,
  },
  {
    path: 'mail.smtp.security',
    check({ value }) {
      const host = value('mail.smtp.host');
      return value('mail.smtp.security') === 'none' && typeof host === 'string' && !isThisMachine(host)
        ? ['Links to set passwords would cross the network in the clear.', 'Set mail.smtp.security to starttls or tls.']
        : undefined;
    },
  },
  {
    path: 'mail.smtp.username',
    check: ({ value }) =>
      typeof value('mail.smtp.password') === 'string' && value('mail.smtp.username') === null
        ? ['There is a password and nobody it belongs to.', 'Set mail.smtp.username.']
        : undefined,
  },
  {
    path: 'mail.smtp.password',
    check: ({ value }) =>
      typeof value('mail.smtp.username') === 'string' && value('mail.smtp.password') === null
        ? ['There is a user without a password.', 'Set mail.smtp.password.']
        : undefined,
  },
];
