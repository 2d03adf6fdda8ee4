import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { MailNotSentError } from '../../src/domain/mail/mailer.ts';
import { createSmtpMailer, type SmtpOptions } from '../../src/mail/smtp-mailer.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { selfSigned } from '../support/self-signed.ts';
import { openSmtpServer } from '../support/smtp-server.ts';

const MAIL = { to: 'alice@example.com', subject: 'Grüße', text: 'Hello Alice.\n\nhttp://localhost:3000/password/abc\n' };

const mailerFor = ({ port }: { port: number }, options: Partial<SmtpOptions> = {}) =>
  createSmtpMailer({
    from: 'no-reply@example.com',
    host: 'localhost',
    port,
    security: 'none',
    username: undefined,
    password: undefined,
    timeoutMs: 5000,
    ...options,
  });

const bodyOf = (data: string) => data.slice(data.indexOf('\r\n\r\n') + 4);
const headersOf = (data: string) =>
  data
    .slice(0, data.indexOf('\r\n\r\n'))
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');

/** Rejects with these words, and hands over nothing. */
async function assertNotSent(sending: Promise<void>, words: RegExp): Promise<void> {
  await assert.rejects(sending, (error: Error) => error instanceof MailNotSentError && words.test(error.message));
}

describe('SMTP', () => {
  it('delivers plain text to one address, and asks for no automatic answer', async () => {
    await using server = await openSmtpServer();
    using mailer = mailerFor(server);
    await mailer.send(MAIL);
    const [letter] = server.letters;
    assert.ok(letter);
    assert.deepEqual(
      [letter.from, letter.to, letter.encrypted, letter.login],
      ['no-reply@example.com', ['alice@example.com'], false, undefined],
    );
    const headers = headersOf(letter.data);
    for (const header of ['From: no-reply@example.com', 'To: alice@example.com', 'Auto-Submitted: auto-generated'])
      assert.ok(headers.includes(header), header);
    assert.ok(headers.some((line) => line.startsWith('Subject: =?UTF-8?')));
    assert.ok(headers.some((line) => line.startsWith('Content-Type: text/plain')));
    assert.ok(!headers.some((line) => /^X-Mailer/i.test(line)));
    assert.match(bodyOf(letter.data), /^Hello Alice\.\r\n\r\nhttp:\/\/localhost:3000\/password\/abc/);
  });

  it('uses a connection of its own for each message, and leaves none open', async () => {
    await using server = await openSmtpServer();
    using mailer = mailerFor(server);
    for (const _ of [1, 2, 3]) await mailer.send(MAIL);
    assert.equal(server.connections(), 3);
    await eventually(async () => server.open() === 0);
  });

  it('reads no file and fetches no address that a text looks like', async () => {
    await using server = await openSmtpServer();
    using mailer = mailerFor(server);
    const text = { path: '/etc/hostname' } as unknown as string;
    await assertNotSent(mailer.send({ ...MAIL, text }), /File access rejected/);
    const href = { href: `http://localhost:${server.port}/` } as unknown as string;
    await assertNotSent(mailer.send({ ...MAIL, text: href }), /Url access rejected/);
    assert.deepEqual(server.letters, []);
  });
});

describe('TLS to the mail server', () => {
  const certificate = selfSigned();
  const login = { username: 'gatehouse', password: 'hush' };

  for (const begins of ['at-once', 'starttls'] as const) {
    const security = begins === 'starttls' ? 'starttls' : 'tls';

    it(`${security} takes no certificate that nobody vouches for, and says no password`, async () => {
      await using server = await openSmtpServer({ tls: { ...certificate, begins } });
      using mailer = mailerFor(server, { security, ...login });
      await assertNotSent(mailer.send(MAIL), /self-signed certificate/);
      assert.ok(!server.commands.some((line) => line.startsWith('AUTH') || line.startsWith('MAIL')));
    });

    it(`${security} delivers, and signs in, where the certificate is good`, async () => {
      const before = getCACertificates('default');
      setDefaultCACertificates([...before, certificate.cert]);
      try {
        await using server = await openSmtpServer({ tls: { ...certificate, begins } });
        using mailer = mailerFor(server, { security, ...login });
        await mailer.send(MAIL);
        assert.deepEqual(
          server.letters.map(({ encrypted, login: said }) => [encrypted, said]),
          [[true, 'gatehouse hush']],
        );
      } finally {
        setDefaultCACertificates(before);
      }
    });
  }

  it('starttls sends nothing to a server that does not offer it', async () => {
    await using server = await openSmtpServer();
    using mailer = mailerFor(server, { security: 'starttls', ...login });
    await assertNotSent(mailer.send(MAIL), /STARTTLS/);
    assert.ok(!server.commands.some((line) => line.startsWith('AUTH') || line.startsWith('MAIL')));
  });
});

describe('a mail server in trouble', () => {
  it('that refuses is told by its code alone, not in its words', async () => {
    await using server = await openSmtpServer({ refuses: true });
    using mailer = mailerFor(server);
    await assert.rejects(mailer.send(MAIL), (error: Error) => {
      assert.ok(error instanceof MailNotSentError);
      assert.match(error.message, /^the mail server refused it: .*550$/);
      assert.ok(!`${error.stack}${error.cause}`.includes('hunter2'));
      return true;
    });
  });

  it('that says nothing is given up', async () => {
    await using server = await openSmtpServer({ hangs: true });
    using mailer = mailerFor(server, { timeoutMs: 100 });
    await assertNotSent(mailer.send(MAIL), /Greeting never received|Timeout|took too long/i);
  });

  it('that says nothing is left at once when the mailer is disposed of', async () => {
    await using server = await openSmtpServer({ hangs: true });
    const mailer = mailerFor(server, { timeoutMs: 60_000 });
    const sending = assertNotSent(mailer.send(MAIL), /./);
    mailer[Symbol.dispose]();
    await sending;
  });

  it('that is not there is a mail that was not sent', async () => {
    using mailer = mailerFor({ port: await freePort() });
    await assertNotSent(mailer.send(MAIL), /ECONNREFUSED|ESOCKET/);
  });
});

describe('[security 92] what becomes a header', () => {
  for (const to of [
    'alice@example.com\r\nBcc: mallory@example.com',
    'alice@example.com, mallory@example.com',
    'alice@example.com;mallory@example.com',
    'Alice <mallory@example.com>',
    'alice@example.com>\r\nRCPT TO:<mallory@example.com',
    'alice',
    '',
  ])
    it(`is no address when it is ${JSON.stringify(to)}`, async () => {
      await using server = await openSmtpServer();
      using mailer = mailerFor(server);
      await assertNotSent(mailer.send({ ...MAIL, to }), /one address/);
      assert.equal(server.connections(), 0);
    });

  for (const subject of ['Hello\r\nBcc: mallory@example.com', 'Hello\nX: y', 'Hello\0', 'Hello\u2028there'])
    it(`is no subject when it is ${JSON.stringify(subject)}`, async () => {
      await using server = await openSmtpServer();
      using mailer = mailerFor(server);
      await assertNotSent(mailer.send({ ...MAIL, subject }), /one line/);
      assert.equal(server.connections(), 0);
    });

  it('ends no message early, whatever its lines are', async () => {
    await using server = await openSmtpServer();
    using mailer = mailerFor(server);
    await mailer.send({ ...MAIL, text: 'one\r\n.\r\nMAIL FROM:<mallory@example.com>\n.\nend\n' });
    assert.equal(server.letters.length, 1);
    assert.ok(server.letters[0]?.data.includes('end'));
  });
});
