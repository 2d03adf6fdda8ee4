import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { invitation } from '../../src/domain/mail/messages.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { eventually } from '../support/eventually.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { call } from '../support/rest-client.ts';
import { createServers } from '../support/servers.ts';
import { openSmtpServer, type SmtpServer } from '../support/smtp-server.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';
import { SQLITE } from '../support/stores.ts';

const FRESH = 'purple-elephants-read-maps-4';

/** The demo is on, so that mail is kept; requests come through a proxy that says from where. */
const CAPTURED = { GATEHOUSE_DEMO: 'on', GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]' };

const smtpSettings = ({ port }: SmtpServer) => ({
  GATEHOUSE_MAIL__SMTP__HOST: 'localhost',
  GATEHOUSE_MAIL__SMTP__PORT: String(port),
  GATEHOUSE_MAIL__SMTP__SECURITY: 'none',
});

const from = (ip: string) => new CookieBrowser({ 'x-forwarded-for': ip });

/** What was mailed to somebody so far, newest first. */
const mailsTo = ({ house }: TestServer, to: string) => (house.mailbox?.list() ?? []).filter((mail) => mail.to === to);

async function setPassword(server: TestServer, email: string, browser = new CookieBrowser()): Promise<Page> {
  const secret = await server.house.accounts.createPasswordLink(await server.house.accounts.resolve(email), ORIGIN);
  return await browser.submit(await browser.open(`${server.issuer}/password/${secret}`), secret, { password: FRESH });
}

describe('what people are told by mail', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer(CAPTURED);
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  it('a new password, and from where it was set', async () => {
    const { email } = await server.addAccount();
    assert.equal((await setPassword(server, email, from('192.0.2.7'))).status, 200);
    const [mail, ...others] = await eventually(async () => mailsTo(server, email).length > 0 && mailsTo(server, email));
    assert.deepEqual([mail?.subject, others], ['Your password was set', []]);
    assert.match(mail?.text ?? '', /from the address 192\.0\.2\.7\./);
  });

  it('a sign-in from a new place, but not the first one, nor one from where they were', async () => {
    const { email } = await server.addAccount();
    const subjects = () => mailsTo(server, email).map(({ subject }) => subject);
    const signInFrom = async (ip: string) => void (await client.authorize(from(ip), { identifier: email }));
    await signInFrom('2001:db8:1:2::a');
    await signInFrom('2001:db8:1:2::b');
    await signInFrom('192.0.2.8');
    await eventually(async () => subjects().length === 1);
    await signInFrom('192.0.2.8');
    await signInFrom('2001:db8:1:2::c');
    await signInFrom('192.0.2.9');
    await eventually(async () => subjects().length === 2);
    assert.deepEqual(new Set(subjects()), new Set(['A sign-in from a new place']));
    assert.match(mailsTo(server, email)[0]?.text ?? '', /from the address 192\.0\.2\.9\./);
  });

  it('a place is known for ninety days after the last sign-in there', async () => {
    const { email } = await server.addAccount();
    const signInFrom = async (ip: string) => void (await client.authorize(from(ip), { identifier: email }));
    const places = async () => {
      const { id } = await server.house.accounts.resolve(email);
      return (await server.house.storage.artifacts.list('SignInPlace', 'accountId', id)).length;
    };
    await signInFrom('192.0.2.1');
    server.clock.advance(60 * 86_400);
    await signInFrom('192.0.2.1');
    await signInFrom('192.0.2.2');
    await eventually(async () => mailsTo(server, email).length === 1);
    server.clock.advance(60 * 86_400);
    await signInFrom('192.0.2.1');
    await eventually(async () => (await places()) === 2);
    assert.equal(mailsTo(server, email).length, 1);
  });

  it('nothing when the place cannot be remembered, and the sign-in goes on', async () => {
    const { email } = await server.addAccount();
    const { artifacts } = server.house.storage;
    const putOnce = artifacts.putOnce.bind(artifacts);
    const failing = mock.method(artifacts, 'putOnce', async (...values: Parameters<typeof putOnce>) => {
      if (values[0] === 'SignInPlace') throw new StoreUnavailableError('The store did not answer.');
      return await putOnce(...values);
    });
    try {
      assert.ok((await client.authorize(from('192.0.2.10'), { identifier: email })).code);
    } finally {
      failing.mock.restore();
    }
  });

  it('is shown on a page of the demo, links and all', async () => {
    const link = `${server.issuer}/password/abc`;
    const mail = invitation('dora@example.com', {
      inviter: { displayName: 'Bob', email: 'bob@example.com' },
      tenantName: server.tenant.name,
      link,
      expiresAt: new Date(),
    });
    await server.house.post.deliver(mail, { kind: 'invitation', origin: ORIGIN });
    const foreign = { ...mail, text: 'https://evil.example/ <b>Bob</b>\n' };
    await server.house.post.deliver(foreign, { kind: 'invitation', origin: ORIGIN });
    const browser = new CookieBrowser();
    const start = await browser.open(`${server.issuer}/demo`);
    assert.match(start.html, /href="\/demo\/mailbox"/);
    const { status, html, headers } = await browser.open(`${server.issuer}/demo/mailbox`);
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    assert.ok(html.includes(`<a href="${link}">${link}</a>`));
    assert.ok(html.includes('https://evil.example/') && !html.includes('href="https://evil.example'));
    assert.ok(!html.includes('<b>Bob'));
  });
});

describe('[security 90] a request that lies about its host', () => {
  const LIES: readonly Readonly<Record<string, string>>[] = [
    { 'x-forwarded-host': 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '8443' },
    { forwarded: 'for=192.0.2.1;host=evil.example;proto=https' },
    { 'x-original-host': 'evil.example', 'x-host': 'evil.example' },
    { host: 'evil.example' },
  ];

  /** Every route that sends a mail, and whether it is to somebody who is there already. */
  const ROUTES = [
    { path: '/api/v1/users/invite', body: (email: string) => ({ email, role: 'viewer' }), status: 201, known: false },
    { path: '/api/users', body: (email: string) => ({ username: email.split('@')[0], email, role: 'viewer' }), status: 201, known: false },
    { path: '/authenticate/password-reset', body: (Email: string) => ({ Email }), status: 200, known: true },
    { path: '/user', body: (Email: string) => ({ Email, Password: FRESH, Name: 'Dora' }), status: 201, known: true },
  ];

  for (const [who, proxies] of [
    ['anybody', []],
    ['a proxy that is trusted', ['127.0.0.1', '::1']],
  ] as const)
    for (const { path, body, status, known } of ROUTES)
      it(`puts no host into a mail of ${path} when it is ${who}`, async () => {
        const settings = { ...CAPTURED, GATEHOUSE_SERVER__TRUSTED_PROXIES: JSON.stringify(proxies), GATEHOUSE_MFA__REQUIRED_ROLES: '[]' };
        await using server = await startServer(settings);
        const admin = await server.addAccount({ role: 'admin' });
        const send = (to: string, json: object, headers: Readonly<Record<string, string>>) =>
          rawRequest(server.issuer + to, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(json),
          });
        const signedIn = await send('/api/v1/auth/login', { email: admin.email, password: PASSWORD }, {});
        const authorization = `Bearer ${JSON.parse(signedIn.text).token}`;
        for (const [index, lie] of LIES.entries()) {
          const email = `guest${index}@example.com`;
          if (known) await server.addAccount({ email });
          const answer = await send(path, body(email), { ...(!known && { authorization }), ...lie });
          assert.equal(answer.status, proxies.length === 0 && 'host' in lie ? 421 : status, answer.text);
        }
        const expected = proxies.length === 0 ? LIES.length - 1 : LIES.length;
        const mails = await eventually(async () => {
          const toGuests = (server.house.mailbox?.list() ?? []).filter(({ to }) => to.startsWith('guest'));
          return toGuests.length === expected && toGuests;
        });
        for (const { subject, text } of mails) {
          const links = [...text.matchAll(/https?:\/\/\S+/g)].map(([link]) => new URL(link).origin);
          assert.ok(links.every((origin) => origin === server.issuer) && links.length === (path === '/user' ? 0 : 1), text);
          assert.ok(text.includes(new URL(server.issuer).host));
          assert.ok(!`${subject}${text}`.includes('evil'));
        }
      });
});

describe('a mail server', () => {
  it('gets what is mailed, and the demo has no mailbox then', async () => {
    await using smtp = await openSmtpServer();
    await using server = await startServer({ GATEHOUSE_DEMO: 'on', ...smtpSettings(smtp) });
    const { email } = await server.addAccount();
    await setPassword(server, email);
    const [letter] = await smtp.atLeast(1);
    assert.deepEqual(letter?.to, [email]);
    const browser = new CookieBrowser();
    assert.equal((await browser.open(`${server.issuer}/demo/mailbox`)).status, 404);
    assert.ok(!(await browser.open(`${server.issuer}/demo`)).html.includes('/demo/mailbox'));
  });

  it('that hangs keeps nobody waiting', async () => {
    await using smtp = await openSmtpServer({ hangs: true });
    await using server = await startServer({ ...smtpSettings(smtp), GATEHOUSE_MAIL__SMTP__TIMEOUT_MS: '60000' });
    const { email } = await server.addAccount();
    assert.equal((await setPassword(server, email)).status, 200);
    await eventually(async () => smtp.connections() === 1);
    assert.deepEqual(server.house.post.counts(), { sent: 0, failed: 0 });
  });

  it('gets what was under way when the process is told to stop', async () => {
    await using smtp = await openSmtpServer();
    await using servers = await createServers(1, { ...(await SQLITE.fresh()), ...smtpSettings(smtp) });
    const { account } = await servers.prepare();
    const server = await servers.start();
    await using house = await servers.openHouse();
    const secret = await house.accounts.createPasswordLink(account, ORIGIN);
    const browser = new CookieBrowser();
    const page = await browser.open(`${server.issuer}/password/${secret}`);
    assert.equal((await browser.submit(page, secret, { password: FRESH })).status, 200);
    assert.equal(await server.end('SIGTERM'), 0);
    assert.deepEqual(
      smtp.letters.map(({ to }) => to),
      [[account.email]],
    );
  });

  it('that is not configured: the password is set all the same, and only what somebody asked to be sent is a mail that failed', async () => {
    await using server = await startServer();
    const { email, id } = await server.addAccount();
    assert.equal((await setPassword(server, email)).status, 200);
    await call(server, { path: '/authenticate/password-reset', body: { Email: email } });
    const failed = await eventually(async () => {
      const found = await server.house.storage.audit.list({ type: 'mail.failed', limit: 5 });
      return found.length > 0 && found;
    });
    assert.deepEqual(
      failed.map(({ accountId, detail }) => [accountId, detail]),
      [[id, { mail: 'password-reset', reason: 'no mail server is configured' }]],
    );
  });
});
