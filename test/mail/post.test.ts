import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry } from '../../src/domain/audit/audit.ts';
import { type Mail, type Mailer, MailNotSentError } from '../../src/domain/mail/mailer.ts';
import { createPost, type MailAbout } from '../../src/domain/mail/post.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { createCapturedMailbox } from '../../src/mail/captured-mailbox.ts';
import { noMailer } from '../../src/mail/no-mailer.ts';
import { createSmtpMailer } from '../../src/mail/smtp-mailer.ts';
import { eventually } from '../support/eventually.ts';
import { openSmtpServer, type SmtpServer } from '../support/smtp-server.ts';

const MAIL: Mail = { to: 'alice@example.com', subject: 'Hello', text: 'http://localhost:3000/password/s3cret\n' };
const ABOUT: MailAbout = { kind: 'password-reset', origin: { requestId: 'r', ip: '192.0.2.1' }, tenantId: 't', accountId: 'a' };

const smtp = ({ port }: SmtpServer) =>
  createSmtpMailer({
    from: 'no-reply@example.com',
    host: 'localhost',
    port,
    security: 'none',
    username: undefined,
    password: undefined,
    timeoutMs: 60_000,
  });

function postOver(mailer: Mailer & Partial<Disposable>, drainMs?: number) {
  const recorded: AuditEntry[] = [];
  const audit = { record: async (entry: AuditEntry) => void recorded.push(entry) };
  const post = createPost({
    mailer,
    audit,
    logger: createLogger({ level: 'silent', format: 'json' }),
    ...(drainMs !== undefined && { drainMs }),
  });
  const reasons = () => recorded.map(({ detail }) => detail?.reason);
  return { post, recorded, reasons };
}

/** A mailer that takes mails when it is told to. */
function slowMailer() {
  const open: (() => void)[] = [];
  let started = 0;
  const mailer: Mailer = {
    send: () => {
      started++;
      return new Promise((resolve) => open.push(resolve));
    },
  };
  return { mailer, started: () => started, takeAll: () => open.splice(0).forEach((take) => void take()) };
}

describe('the post', () => {
  it('returns before anything is sent, and sends it then', async () => {
    await using server = await openSmtpServer();
    await using parts = { ...postOver(smtp(server)), [Symbol.asyncDispose]: () => parts.post[Symbol.asyncDispose]() };
    parts.post.send(MAIL, ABOUT);
    assert.equal(server.connections(), 0);
    assert.equal((await server.atLeast(1)).length, 1);
    await eventually(async () => parts.post.counts().sent === 1);
    assert.deepEqual(parts.recorded, []);
  });

  it('records what fails, without the recipient, the text or its link', async () => {
    await using server = await openSmtpServer({ refuses: true });
    const { post, recorded } = postOver(smtp(server));
    post.send(MAIL, ABOUT);
    await eventually(async () => recorded.length === 1);
    const { detail, ...entry } = recorded[0] ?? {};
    assert.deepEqual(entry, { type: 'mail.failed', origin: ABOUT.origin, tenantId: 't', accountId: 'a' });
    assert.equal(detail?.mail, 'password-reset');
    assert.match(String(detail?.reason), /550$/);
    assert.ok(!/alice|s3cret|hunter2/.test(JSON.stringify(recorded)));
    assert.deepEqual(post.counts(), { sent: 0, failed: 1 });
  });

  it('tells whoever has to know that it failed', async () => {
    const { post, reasons } = postOver(noMailer);
    await assert.rejects(post.deliver(MAIL, ABOUT), MailNotSentError);
    assert.deepEqual(reasons(), ['no mail server is configured']);
  });

  it('delivers at once for whoever waits', async () => {
    await using server = await openSmtpServer();
    const { post } = postOver(smtp(server));
    await post.deliver(MAIL, ABOUT);
    assert.equal(server.letters.length, 1);
  });

  it('is not stopped by an audit log that fails', async () => {
    const audit = {
      record: async () => {
        throw new Error('no store');
      },
    };
    const post = createPost({ mailer: noMailer, audit, logger: createLogger({ level: 'silent', format: 'json' }) });
    await assert.rejects(post.deliver(MAIL, ABOUT), MailNotSentError);
    post.send(MAIL, ABOUT);
    await eventually(async () => post.counts().failed === 2);
  });

  it('sends four at once, keeps a hundred waiting, and drops what is more', async () => {
    const { mailer, started, takeAll } = slowMailer();
    const { post, reasons } = postOver(mailer);
    for (let count = 0; count < 4; count++) post.send(MAIL, ABOUT);
    await eventually(async () => started() === 4);
    for (let count = 0; count < 103; count++) post.send(MAIL, ABOUT);
    await eventually(async () => reasons().length === 3);
    assert.deepEqual(new Set(reasons()), new Set(['too many mails are waiting']));
    assert.equal(started(), 4);
    await eventually(async () => {
      takeAll();
      return post.counts().sent === 104;
    });
    assert.equal(reasons().length, 3);
  });

  it('leaves half of its room to what somebody asked for, however many notices there are', async () => {
    const { mailer, started } = slowMailer();
    const { post, recorded } = postOver(mailer, 0);
    for (let count = 0; count < 4; count++) post.send(MAIL, ABOUT);
    await eventually(async () => started() === 4);
    for (let count = 0; count < 55; count++) post.send(MAIL, { ...ABOUT, kind: 'registration-attempt' });
    for (let count = 0; count < 51; count++) post.send(MAIL, ABOUT);
    await eventually(async () => recorded.length === 6);
    const dropped = recorded.map(({ detail }) => detail?.mail);
    assert.deepEqual(dropped, [...Array(5).fill('registration-attempt'), 'password-reset']);
  });

  it('loses nothing that was sent before it is disposed of', async () => {
    await using server = await openSmtpServer();
    const { post, recorded } = postOver(smtp(server));
    for (let count = 0; count < 20; count++) post.send(MAIL, ABOUT);
    await post[Symbol.asyncDispose]();
    assert.equal(server.letters.length, 20);
    assert.deepEqual(recorded, []);
    post.send(MAIL, ABOUT);
    assert.equal(recorded.length, 1);
  });

  it('waits for a mail server that hangs no longer than it may, and records what is lost', async () => {
    await using server = await openSmtpServer({ hangs: true });
    const { post, recorded } = postOver(smtp(server), 50);
    for (let count = 0; count < 6; count++) post.send(MAIL, ABOUT);
    await post[Symbol.asyncDispose]();
    assert.equal(recorded.length, 6);
    assert.deepEqual(post.counts(), { sent: 0, failed: 6 });
  });
});

describe('the captured mailbox', () => {
  it('keeps the last hundred, newest first', async () => {
    const mailbox = createCapturedMailbox({ clock: () => new Date(0) });
    for (let count = 1; count <= 103; count++) await mailbox.send({ ...MAIL, subject: `Mail ${count}` });
    const kept = mailbox.list();
    assert.deepEqual([kept.length, kept[0]?.subject, kept.at(-1)?.subject], [100, 'Mail 103', 'Mail 4']);
    assert.deepEqual(kept[0], { ...MAIL, subject: 'Mail 103', at: new Date(0) });
  });

  it('[security 92] takes nothing that a mail server would be refused', async () => {
    const mailbox = createCapturedMailbox({ clock: () => new Date(0) });
    await assert.rejects(mailbox.send({ ...MAIL, subject: 'Hello\r\nBcc: mallory@example.com' }), MailNotSentError);
    await assert.rejects(mailbox.send({ ...MAIL, to: 'alice@example.com, mallory@example.com' }), MailNotSentError);
    assert.deepEqual(mailbox.list(), []);
  });
});
