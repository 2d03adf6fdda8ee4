import { invitation, newSignIn } from '../../src/domain/mail/messages.ts';
import type { PageData } from '../../src/http/page-data.ts';

const at = new Date('2026-11-23T09:14:08Z');

export const mailbox: PageData['demo/mailbox'] = {
  path: '/demo/mailbox',
  startPath: '/demo',
  mails: [
    newSignIn('alice@northmoor.example', { at, ip: '2001:db8:7c4:19::a2' }, 'http://localhost:3000'),
    invitation('dora.with-a-rather-long-name@warehouse.northmoor.example', {
      inviter: { displayName: 'Alice Martin', email: 'alice@northmoor.example' },
      tenantName: 'Northmoor Logistics',
      link: 'http://localhost:3000/password/SVAYZdTbz3D0wdFpsmXB1mQ8XcFJHDV6wyWzuJdCsCo',
      expiresAt: at,
    }),
  ].map((mail) => ({
    ...mail,
    at,
    parts: mail.text.split(/(http:\S+)/).map((text) => ({ text, href: text.startsWith('http:') ? text : undefined })),
  })),
};
