import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { assertDead, assertError, giveAuthenticator, signInToCloud } from '../../support/cloud-client.ts';
import { eventually } from '../../support/eventually.ts';
import { call, MANY_ADDRESSES, type RestCall } from '../../support/rest-client.ts';
import { PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const NEW_PASSWORD = 'lantern-orbit-velvet-cactus-42';

describe('the cloud API: passwords', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_DEMO: 'on', GATEHOUSE_TENANT__REGISTRATION: 'open' });
  });
  after(() => server[Symbol.asyncDispose]());

  const strength = (Password: unknown) => call(server, { path: '/authenticate/password-strength', body: { Password } });
  const reset = (body: object, more: Partial<RestCall> = {}) => call(server, { path: '/authenticate/password-reset', body, ...more });
  const mailsTo = ({ email }: Pick<Account, 'email'>) =>
    (server.house.mailbox?.list() ?? []).filter(({ to, text }) => to === email && text.includes('/password/'));
  const tokenIn = (text = '') => /\/password\/([\w-]+)/.exec(text)?.[1] ?? '';

  /** The token in the newest of so many mails to somebody. */
  const mailed = (to: Account, count = 1) =>
    eventually(async () => {
      const mails = mailsTo(to);
      return mails.length >= count && tokenIn(mails[0]?.text);
    });

  it('tells how strong a password is, and agrees with what registration takes', async () => {
    const good = await strength(PASSWORD);
    assert.equal(good.status, 200);
    assert.deepEqual(good.json, { Message: '', Score: 4, Strong: true });
    for (const [weak, why] of [
      ['short', /too short/],
      ['passwordpassword', /./],
      ['aaaaaaaaaaaaaaaaaaaa', /easy to guess|common/],
      ['x'.repeat(300), /too long/],
    ] as const) {
      const { status, json } = await strength(weak);
      assert.equal(status, 200);
      assert.equal(json.Strong, false, weak);
      assert.match(String(json.Message), why);
      assert.ok(typeof json.Score === 'number' && json.Score >= 0 && json.Score <= 4);
      const refused = await call(server, { path: '/user', body: { Email: 'weak@example.com', Password: weak, Name: 'Wanda' } });
      assertError(refused, 400, 'Password');
      assert.match(String(refused.json.Message), why);
    }
    assertError(await strength(''), 400, 'Password');
    assertError(await strength({ $ne: null }), 400, 'Password');
    assertError(await strength('x'.repeat(100_000)), 413);
  });

  it('[security 54] a reset is answered the same, whoever the address belongs to', async () => {
    const known = await server.addAccount();
    const disabled = await server.addAccount();
    await server.house.accounts.setDisabled(disabled, true, { requestId: 'test', ip: 'test' });
    const seen: object[] = [];
    for (const Email of [known.email, 'nobody@example.com', disabled.email, 'no address at all']) {
      const { status, json, headers } = await reset({ Email });
      const varying = new Set(['date', 'x-request-id']);
      seen.push({ status, json, headers: [...headers].filter(([name]) => !varying.has(name)) });
    }
    assert.deepEqual(Object.keys((await reset({ Email: known.email })).json), ['Message']);
    for (const other of seen) assert.deepEqual(other, seen[0]);
    await mailed(known);
    assert.equal(mailsTo(disabled).length, 0);
  });

  it('[security 86] [security 89] [security 91] the token sets the password once: no sign-in, all tokens end, and the code is still asked for', async () => {
    const alice = await server.addAccount();
    const pair = await signInToCloud(server, alice);
    await giveAuthenticator(server, alice);
    await reset({ Email: alice.email });
    const first = await mailed(alice);
    await reset({ Email: alice.email });
    const Token = await mailed(alice, 2);
    assert.notEqual(Token, first);
    assertError(await reset({ Token: first, Password: NEW_PASSWORD }), 400, 'Token');
    assertError(await reset({ Token: 'x', Password: NEW_PASSWORD }), 400, 'Token');
    assertError(await reset({ Token, Password: 'short' }), 400, 'Password');

    const answers = await Promise.all(Array.from({ length: 10 }, () => reset({ Token, Password: NEW_PASSWORD })));
    const [done, ...others] = answers.filter(({ status }) => status === 200);
    assert.ok(done && others.length === 0);
    for (const answer of answers) if (answer !== done) assertError(answer, 400, 'Token');
    assert.deepEqual(Object.keys(done.json), ['Message']);
    await assertDead(server, pair);
    const signIn = (Password: string) =>
      call(server, { path: '/authenticate/signin', body: { KeepLoggedIn: false, Password, Username: alice.email } });
    assertError(await signIn(PASSWORD), 401);
    assertError(await signIn(NEW_PASSWORD), 401, 'Totp');
    await eventually(async () => (server.house.mailbox?.list() ?? []).some(({ to, text }) => to === alice.email && !tokenIn(text)));
  });

  it('[security 89] the token expires, and is nowhere in the store', async () => {
    const alice = await server.addAccount();
    await reset({ Email: alice.email });
    const Token = await mailed(alice);
    server.clock.advance(server.house.config.lifetimes.password_link + 1);
    assertError(await reset({ Token, Password: NEW_PASSWORD }), 400, 'Token');
    const entries = await server.house.storage.audit.list({ accountId: alice.id, limit: 100 });
    assert.ok(entries.length > 0 && !JSON.stringify(entries).includes(Token));
  });

  it('[security 90] [security 91] links go to the issuer whatever the request says, and only so many mails', async () => {
    const alice = await server.addAccount();
    const headers = { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test;proto=http' };
    const answers = [];
    for (let request = 0; request < 20; request++) answers.push(await reset({ Email: alice.email }, { headers }));
    for (const { status, text } of answers) assert.deepEqual([status, text], [200, answers[0]?.text]);
    await mailed(alice, 3);
    // What another address has asked for is mailed after whatever was left of the twenty.
    const bob = await server.addAccount();
    await reset({ Email: bob.email });
    await mailed(bob);
    assert.equal(mailsTo(alice).length, 3);
    for (const { text } of mailsTo(alice)) assert.ok(text.includes(`${server.issuer}/password/`) && !text.includes('evil.test'));
  });

  it('takes Email, or Token and Password, and nothing between', async () => {
    const Token = 'x';
    for (const body of [
      {},
      { Token },
      { Password: NEW_PASSWORD },
      { Email: 'a@example.com', Token, Password: NEW_PASSWORD },
      { Email: '' },
    ])
      assert.equal((await reset(body)).status, 400, JSON.stringify(body));
    for (const Email of [{ $ne: null }, ['a@example.com'], 7]) assertError(await reset({ Email }), 400, 'Email');
    assertError(await reset({ Email: 'a@example.com\0' }), 400, 'Email');
  });
});
