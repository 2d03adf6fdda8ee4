import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  invitation,
  newSignIn,
  passwordReset,
  passwordSet,
  providerLinked,
  providerUnlinked,
  registrationAttempt,
  secondFactorRemoved,
  secondFactorSet,
} from '../../src/domain/mail/messages.ts';
import { createCapturedMailbox } from '../../src/mail/captured-mailbox.ts';

const TO = 'alice@northmoor.example';
const ISSUER = 'https://id.northmoor.example';
const LINK = { link: `${ISSUER}/password/abc`, expiresAt: new Date('2026-11-28T09:14:08Z') };
const OCCASION = { at: new Date('2026-11-28T09:14:08Z'), ip: '192.0.2.7' };
const INVITATION = { ...LINK, inviter: { displayName: 'Bob Hale', email: 'bob@northmoor.example' }, tenantName: 'Northmoor Logistics' };

const ALL = [
  invitation(TO, INVITATION),
  passwordReset(TO, LINK),
  passwordSet(TO, OCCASION, ISSUER),
  secondFactorSet(TO, OCCASION, ISSUER),
  secondFactorRemoved(TO, OCCASION, ISSUER),
  newSignIn(TO, OCCASION, ISSUER),
  registrationAttempt(TO, OCCASION, ISSUER),
  providerLinked(TO, { ...OCCASION, provider: 'Orbital Workspace' }, ISSUER),
  providerUnlinked(TO, { ...OCCASION, provider: 'Orbital Workspace' }, ISSUER),
];

describe('a message', () => {
  for (const mail of ALL)
    it(`“${mail.subject}” is plain text to the person, in our words`, async () => {
      assert.equal(mail.to, TO);
      assert.match(mail.text, /[^\n]\n$/);
      assert.doesNotMatch(`${mail.subject} ${mail.text}`, /!|\b(please|sorry|invalid|illegal|oops)\b/i);
      await createCapturedMailbox({ clock: () => new Date(0) }).send(mail);
    });

  it('says when, where and with which link', () => {
    assert.match(invitation(TO, INVITATION).text, /^Bob Hale \(bob@northmoor\.example\) invites you to Northmoor Logistics\./);
    for (const mail of [invitation(TO, INVITATION), passwordReset(TO, LINK)]) {
      assert.match(mail.text, /until 28 Nov 2026, 09:14 UTC:\n/);
      assert.ok(mail.text.split('\n').includes(LINK.link));
    }
    for (const mail of ALL.slice(2))
      assert.match(mail.text, /at id\.northmoor\.example, on 28 Nov 2026, 09:14 UTC, from the address 192\.0\.2\.7\./);
  });

  it('names whoever invites by their address where they have no name', () => {
    const inviter = { displayName: undefined, email: 'bob@northmoor.example' };
    assert.match(invitation(TO, { ...INVITATION, inviter }).text, /^bob@northmoor\.example invites you/);
  });

  for (const [what, name] of [
    ['lines', 'Bob\r\nBcc: mallory@example.com'],
    ['a link', 'https://evil.example/login'],
    ['a bare host', 'evil.example'],
    ['an address', 'ceo@evil.example'],
    ['text that turns around', 'Bob \u202Egro.live'],
    ['NUL and escapes', 'Bob\0\u001b[31m'],
    ['too much', 'x'.repeat(5000)],
  ] as const)
    it(`[security 92] has a name with ${what} in it on one line, short and without links`, () => {
      const mail = invitation(TO, { ...INVITATION, inviter: { displayName: name, email: 'bob@northmoor.example' }, tenantName: name });
      const shown = [mail.subject, mail.text.split('\n')[0]?.replace('(bob@northmoor.example)', '') ?? ''];
      for (const line of shown) {
        assert.doesNotMatch(line, /\p{C}|:\/\/|@|\w\.\w/u);
        assert.ok(line.length < 200);
      }
    });
});
