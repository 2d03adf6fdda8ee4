import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { codeAt, toNextStep } from '../../support/authenticator.ts';
import { eventually } from '../../support/eventually.ts';
import { call, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const OFF = { error: 'Two-factor authentication is not on.' };

const login = async (server: TestServer, username: string): Promise<JsonObject> =>
  (await call(server, { path: '/api/login', body: { username, password: PASSWORD } })).json;
const sessionOf = async (server: TestServer, username: string) => String((await login(server, username)).token);
const waitingOf = async (server: TestServer, username: string) => String((await login(server, username)).partial_token);
const second = (server: TestServer, waiting: string, code: string): Promise<RestAnswer> =>
  call(server, { path: '/api/login/totp', body: { partial_token: waiting, code } });
const offer = (server: TestServer, token: string, body?: object) => call(server, { method: 'POST', path: '/api/me/totp', token, body });
const confirm = (server: TestServer, token: string, code: string) => call(server, { path: '/api/me/totp/confirm', token, body: { code } });
const remove = (server: TestServer, token: string, code: string) =>
  call(server, { method: 'DELETE', path: '/api/me/totp', token, body: { code } });

/** A code that is certainly not the one of now. */
const wrongCode = async (server: TestServer, secret: string) =>
  String((Number(await codeAt(server, secret)) + 1) % 1_000_000).padStart(6, '0');

interface Enrolled {
  readonly person: Account;
  readonly secret: string;
  readonly codes: readonly string[];
  readonly token: string;
}

/** A viewer, bob, with an authenticator app; the next time step is just beginning. */
async function enrolled(server: TestServer): Promise<Enrolled> {
  const person = await server.addAccount({ username: 'bob' });
  const token = await sessionOf(server, 'bob');
  const secret = String((await offer(server, token)).json.secret);
  toNextStep(server);
  const { status, json } = await confirm(server, token, await codeAt(server, secret));
  assert.equal(status, 200);
  toNextStep(server);
  return { person, secret, codes: json.recovery_codes as string[], token };
}

describe('the session API: two-factor authentication', () => {
  it('is set up in two steps, and asked for from then on', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'bob' });
    const token = await sessionOf(server, 'bob');
    const { status, json } = await offer(server, token);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), ['otpauth_url', 'qr_svg', 'secret']);
    assert.match(String(json.secret), /^[A-Z2-7]{32}$/);
    assert.ok(String(json.otpauth_url).startsWith('otpauth://totp/'));
    assert.ok(String(json.otpauth_url).includes(`secret=${json.secret}`));
    assert.match(String(json.qr_svg), /^<svg /);
    const secret = String(json.secret);
    assert.ok('token' in (await login(server, 'bob')), 'nothing is on before it is confirmed');

    const wrong = await confirm(server, token, await wrongCode(server, secret));
    assert.deepEqual([wrong.status, wrong.json], [401, { error: 'Invalid code' }]);
    const confirmed = await confirm(server, token, await codeAt(server, secret));
    assert.deepEqual([confirmed.status, confirmed.json.status], [200, 'ok']);
    assert.equal((confirmed.json.recovery_codes as string[]).length, 8);
    assert.equal((await confirm(server, token, await codeAt(server, secret))).status, 409);
    assert.equal((await offer(server, token)).status, 409);

    toNextStep(server);
    const waiting = await login(server, 'bob');
    assert.deepEqual(waiting, { totp_required: true, partial_token: waiting.partial_token });
    const full = await second(server, String(waiting.partial_token), await codeAt(server, secret));
    assert.deepEqual(full.json, { token: full.json.token, role: 'viewer', username: 'bob' });
    assert.equal((await call(server, { path: '/api/me', token: String(full.json.token) })).status, 200);
  });

  it('lets a partial token be good for nothing else, for five minutes, and once', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { secret } = await enrolled(server);
    const waiting = await waitingOf(server, 'bob');
    for (const path of ['/api/me', '/api/v1/users/me']) assert.equal((await call(server, { path, token: waiting })).status, 401, path);
    assert.equal((await call(server, { path: `/api/me?token=${waiting}` })).status, 400);
    assert.equal((await second(server, waiting, await codeAt(server, secret))).status, 200);
    toNextStep(server);
    assert.equal((await second(server, waiting, await codeAt(server, secret))).status, 401);

    const late = await waitingOf(server, 'bob');
    server.clock.advance(301);
    const over = await second(server, late, await codeAt(server, secret));
    assert.deepEqual([over.status, over.json], [401, { error: 'This sign-in is over. Begin again at /api/login.' }]);
    assert.equal((await second(server, 'temp_abc123', '123456')).status, 401);
  });

  it('[security 83] [security 84] takes a code once, even of many at the same time, and none of two steps ago', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { secret } = await enrolled(server);
    const all = await Promise.all(Array.from({ length: 4 }, () => waitingOf(server, 'bob')));
    const code = await codeAt(server, secret);
    const statuses = await Promise.all(all.map(async (waiting) => (await second(server, waiting, code)).status));
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join(' '));
    assert.equal((await second(server, await waitingOf(server, 'bob'), code)).status, 401, 'used up');
    assert.equal(
      (await second(server, await waitingOf(server, 'bob'), await codeAt(server, secret, -1))).status,
      401,
      'older than a used one',
    );
    for (let steps = 0; steps < 3; steps++) toNextStep(server);
    assert.equal((await second(server, await waitingOf(server, 'bob'), await codeAt(server, secret, -2))).status, 401, 'two steps old');
    assert.equal((await second(server, await waitingOf(server, 'bob'), await codeAt(server, secret))).status, 200);
  });

  it('[security 67] [security 85] ends a sign-in after five wrong codes, and counts them for the person, whatever sign-in they belong to', async () => {
    await using server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_LIMITS__MFA_ACCOUNT: JSON.stringify({ limit: 6, window: 900, block: 900 }),
    });
    const { person, secret, codes } = await enrolled(server);
    const begunBefore = await waitingOf(server, 'bob');
    const waiting = await waitingOf(server, 'bob');
    const wrong = await wrongCode(server, secret);
    for (let tries = 0; tries < 5; tries++) assert.equal((await second(server, waiting, wrong)).status, 401);
    const dead = await second(server, waiting, await codeAt(server, secret));
    assert.equal(dead.json.error, 'This sign-in is over. Begin again at /api/login.');

    assert.equal((await second(server, await waitingOf(server, 'bob'), wrong)).status, 401);
    for (const code of [await codeAt(server, secret), codes[0] ?? '']) {
      const paused = await second(server, begunBefore, code);
      assert.equal(paused.status, 429);
      assert.equal(paused.json.error, `Too many login attempts. Try again in ${paused.headers.get('retry-after')} seconds.`);
    }
    const elsewhere = { email: person.email, password: PASSWORD, code: await codeAt(server, secret) };
    assert.equal((await call(server, { path: '/api/v1/auth/login', body: elsewhere })).status, 429);
    server.clock.advance(901);
    assert.equal((await second(server, await waitingOf(server, 'bob'), await codeAt(server, secret))).status, 200);
  });

  it('[security 88] takes a recovery code once, of many at the same time', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const {
      codes: [code = ''],
    } = await enrolled(server);
    const all = await Promise.all(Array.from({ length: 4 }, () => waitingOf(server, 'bob')));
    const statuses = await Promise.all(all.map(async (waiting) => (await second(server, waiting, code)).status));
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join(' '));
    assert.equal((await second(server, await waitingOf(server, 'bob'), code)).status, 401);
  });

  it('[security 87] is turned off by a code that was not used, or a recovery code, alone, and its person is told', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_DEMO: 'on', GATEHOUSE_MAIL__TRANSPORT: 'captured' });
    const { person, secret, codes, token } = await enrolled(server);
    const code = await codeAt(server, secret);
    assert.equal((await remove(server, token, await wrongCode(server, secret))).status, 401);
    assert.equal((await call(server, { method: 'DELETE', path: '/api/me/totp', token })).status, 400, 'no code');
    const session = String((await second(server, await waitingOf(server, 'bob'), code)).json.token);
    assert.equal((await remove(server, session, code)).status, 401, 'that one was used to sign in');
    toNextStep(server);
    assert.deepEqual((await remove(server, session, await codeAt(server, secret))).json, { status: 'ok' });
    assert.equal((await call(server, { path: '/api/me', token: session })).status, 401, 'sign-ins rested on it');
    const alone = String((await login(server, 'bob')).token);
    const again = await remove(server, alone, codes[0] ?? '');
    assert.deepEqual([again.status, again.json], [404, OFF]);

    const anew = String((await offer(server, alone)).json.secret);
    const { json } = await confirm(server, alone, await codeAt(server, anew));
    assert.equal((await remove(server, alone, codes[1] ?? '')).status, 401, 'codes of the old app');
    assert.equal((await remove(server, alone, String((json.recovery_codes as string[])[0]).toLowerCase())).status, 200);
    const told = () =>
      server.house.mailbox?.list().filter(({ to, subject }) => to === person.email && subject.startsWith('Two-step')) ?? [];
    const mails = await eventually(async () => told().length === 4 && told());
    assert.deepEqual(mails.map(({ subject }) => subject.split(' ').at(-1)).toSorted(), ['off', 'off', 'on', 'on']);
  });

  it('[security 87] asks for the password once the sign-in is a while ago, so that a stolen token sets nothing up', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const bob = await server.addAccount({ username: 'bob' });
    const { CloudAccessToken: refreshed } = await issueEveryKind(server.house, bob);
    assert.equal((await offer(server, refreshed)).status, 403, 'it may come of a refresh');
    assert.equal((await offer(server, refreshed, { password: PASSWORD })).status, 200);
    const token = await sessionOf(server, 'bob');
    server.clock.advance(601);
    const stale = await offer(server, token);
    assert.deepEqual([stale.status, stale.json], [403, { error: 'Your sign-in was a while ago. Send your password, or sign in again.' }]);
    const wrong = await offer(server, token, { password: 'not-the-password-at-all' });
    assert.deepEqual([wrong.status, wrong.json], [401, { error: 'Invalid credentials' }]);
    const { secret } = (await offer(server, token, { password: PASSWORD })).json;
    const other = await sessionOf(server, 'bob');
    assert.equal((await confirm(server, other, await codeAt(server, String(secret)))).status, 409, 'it was offered to another token');
    server.clock.advance(601);
    assert.equal((await confirm(server, token, await codeAt(server, String(secret)))).status, 409, 'the offer is over');
  });

  it('takes back what was on offer when the password changes', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const person = await server.addAccount({ username: 'bob' });
    const token = await sessionOf(server, 'bob');
    const secret = String((await offer(server, token)).json.secret);
    const link = await server.house.accounts.createPasswordLink(person, ORIGIN);
    await server.house.accounts.usePasswordLink(link, 'purple-elephants-read-maps-4', ORIGIN);
    assert.equal((await confirm(server, token, await codeAt(server, secret))).status, 401);
  });

  it('lets nobody touch it with a private token', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const person = await server.addAccount({ username: 'bob' });
    const { PrivateToken: token } = await issueEveryKind(server.house, person);
    assert.equal((await call(server, { path: '/api/me', token })).status, 200);
    for (const [method, path, body] of [
      ['POST', '/api/me/totp', {}],
      ['POST', '/api/me/totp/confirm', { code: '123456' }],
      ['DELETE', '/api/me/totp', { code: '123456' }],
    ] as const) {
      const refused = await call(server, { method, path, body, token });
      assert.deepEqual(
        [refused.status, refused.json],
        [403, { error: 'A private token is not enough for this. Sign in at /api/login.' }],
        `${method} ${path}`,
      );
    }
  });

  it('leaves whoever owes a second factor nothing but setting it up, and signing in with it', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'admin', role: 'admin' });
    const token = await sessionOf(server, 'admin');
    const owed = await call(server, { path: '/api/users', token });
    assert.deepEqual(
      [owed.status, owed.json],
      [403, { error: 'Your role requires two-factor authentication. Set it up at /api/me/totp, then sign in with its code.' }],
    );
    const secret = String((await offer(server, token)).json.secret);
    assert.equal((await confirm(server, token, await codeAt(server, secret))).status, 200);
    assert.equal((await call(server, { path: '/api/users', token })).status, 403, 'this token came of a password alone');
    toNextStep(server);
    const full = await second(server, await waitingOf(server, 'admin'), await codeAt(server, secret));
    assert.equal((await call(server, { path: '/api/users', token: String(full.json.token) })).status, 200);
  });
});
