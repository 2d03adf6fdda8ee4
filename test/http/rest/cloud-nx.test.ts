import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { codeAt, toNextStep } from '../../support/authenticator.ts';
import { assertDead, assertError, giveAuthenticator, isLetIn, pairIn, refreshPair, signInToCloud } from '../../support/cloud-client.ts';
import { call, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const MEMBERS = ['AccessToken', 'Error', 'RefreshToken', 'TotpAccessCode'];
const EMPTY = { AccessToken: '', Error: '', RefreshToken: '', TotpAccessCode: '' };

describe('the cloud API: Nx', () => {
  let server: TestServer;
  let alice: Account;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__LOGIN_ACCOUNT: '{"limit":1000,"window":60,"block":60}' });
    alice = await server.addAccount();
  });
  after(() => server[Symbol.asyncDispose]());

  const login = (Email: string, Password = PASSWORD) => call(server, { path: '/nx/login', body: { Email, Password } });
  const totp = (token: string, code: string) => call(server, { path: '/nx/totp', body: { token, totp: code } });
  const confirmed = (path: string, token: string | undefined, more: JsonObject = {}) =>
    call(server, { path, token, body: { GrantType: 'password', Password: PASSWORD, ...more } });
  const tokens = (token: string | undefined, more?: JsonObject) => confirmed('/nx/tokens', token, more);
  const logout = (token: string | undefined, more?: JsonObject) => confirmed('/nx/logout', token, more);

  function pairOnly(answer: RestAnswer) {
    assert.deepEqual(Object.keys(answer.json), MEMBERS);
    assert.deepEqual([answer.json.Error, answer.json.TotpAccessCode], ['', '']);
    return pairIn(answer);
  }

  /** The code that stands for a sign-in whose second factor is wanted. */
  function accessCode({ status, json, text }: RestAnswer): string {
    assert.equal(status, 200, text);
    assert.deepEqual({ ...json, TotpAccessCode: '' }, EMPTY);
    assert.ok(json.TotpAccessCode);
    return String(json.TotpAccessCode);
  }

  it('login takes the documented request, and gives a pair for 12 hours', async () => {
    const pair = pairOnly(await call(server, { path: '/nx/login', body: { Email: alice.email, Password: PASSWORD } }));
    assert.equal(await isLetIn(server, pair.AccessToken), true);
    server.clock.advance(12 * 3600);
    assertError(await refreshPair(server, pair.RefreshToken), 401);
    const wrong = await login(alice.email, 'wrong');
    const unknown = await login('nobody@example.com');
    for (const answer of [wrong, unknown]) assertError(answer, 401);
    assert.deepEqual({ ...unknown.json, UUID: '' }, { ...wrong.json, UUID: '' });
    for (const odd of [{ $ne: null }, '', 7, []]) {
      assertError(await call(server, { path: '/nx/login', body: { Email: odd, Password: PASSWORD } }), 400, 'Email');
      assertError(await call(server, { path: '/nx/login', body: { Email: alice.email, Password: odd } }), 400, 'Password');
    }
  });

  it('[security 83] [security 88] the TotpAccessCode and a code of the app, or a recovery code, make a pair, each once', async () => {
    const bob = await server.addAccount();
    const secret = await giveAuthenticator(server, bob);
    const code = await codeAt(server, secret);
    const waiting = accessCode(await login(bob.email));
    assertError(await tokens(waiting), 401);
    assertError(await refreshPair(server, waiting), 401);
    assertError(await totp(waiting, code === '123456' ? '654321' : '123456'), 401);
    const pair = pairOnly(await totp(waiting, code));
    assert.equal(await isLetIn(server, pair.AccessToken), true);
    assertError(await totp(waiting, await codeAt(server, secret, 1)), 401);
    assertError(await totp(accessCode(await login(bob.email)), code), 401);
    assertError(await totp('string', '123456'), 401);

    const carl = await server.addAccount();
    toNextStep(server);
    const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const enrolment = await server.house.mfa.enrol(carl, key, await codeAt(server, key), ORIGIN);
    const [recovery = ''] = enrolment.kind === 'enrolled' ? enrolment.codes : [];
    const answers = [];
    for (const each of await Promise.all(Array.from({ length: 3 }, () => login(carl.email)))) answers.push(accessCode(each));
    const used = await Promise.all(answers.map((each) => totp(each, recovery)));
    assert.equal(used.filter(({ status }) => status === 200).length, 1);
  });

  it('[security 85] a sign-in that waits takes five codes', async () => {
    await using other = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__MFA_ACCOUNT: '{"limit":100,"window":60,"block":60}' });
    const bob = await other.addAccount();
    const secret = await giveAuthenticator(other, bob);
    const code = await codeAt(other, secret);
    const { json } = await call(other, { path: '/nx/login', body: { Email: bob.email, Password: PASSWORD } });
    const send = (value: string) => call(other, { path: '/nx/totp', body: { token: json.TotpAccessCode, totp: value } });
    for (let wrong = 0; wrong < 5; wrong++) assertError(await send(code === '000000' ? '000001' : '000000'), 401);
    assertError(await send(code), 401);
  });

  it('tokens gives a new pair for the password, in place of the old one', async () => {
    const old = await signInToCloud(server, alice);
    assertError(await tokens(old.AccessToken, { Password: 'wrong' }), 401);
    assert.equal(await isLetIn(server, old.AccessToken), true, 'a wrong password changes nothing');
    const pair = pairOnly(
      await call(server, { path: '/nx/tokens', token: old.AccessToken, body: { GrantType: 'string', Password: PASSWORD } }),
    );
    await assertDead(server, old);
    pairIn(await refreshPair(server, pair.RefreshToken));
    assertError(await tokens(undefined), 401);
    assertError(await tokens(pair.AccessToken, { Password: '' }), 400, 'Password');
  });

  it('logout ends both tokens for the password, and answers with nothing', async () => {
    const pair = await signInToCloud(server, alice);
    await server.addAccount({ password: 'lantern-orbit-velvet-cactus-42' });
    assertError(await logout(pair.AccessToken, { Password: 'lantern-orbit-velvet-cactus-42' }), 401);
    assert.equal(await isLetIn(server, pair.AccessToken), true);
    const { status, json } = await call(server, {
      path: '/nx/logout',
      token: pair.AccessToken,
      body: { GrantType: 'string', Password: PASSWORD },
    });
    assert.deepEqual([status, json], [200, EMPTY]);
    await assertDead(server, pair);
    assertError(await logout(pair.AccessToken), 401);
    assertError(await logout(undefined), 401);
  });

  it('[security 86] a token from before the authenticator app makes none that says two factors', async () => {
    const bob = await server.addAccount();
    const before = await signInToCloud(server, bob);
    const secret = await giveAuthenticator(server, bob);
    assertError(await refreshPair(server, before.RefreshToken), 401);
    const waiting = accessCode(await tokens(before.AccessToken));
    assert.equal(await isLetIn(server, before.AccessToken), true, 'it stays until the code came');
    const pair = pairOnly(await totp(waiting, await codeAt(server, secret)));
    pairOnly(await tokens(pair.AccessToken));
  });

  it('a private token makes and ends no sign-in', async () => {
    const expiresAt = new Date(server.clock.now().getTime() + 3_600_000);
    const issued = await server.house.houseTokens.issue({
      kind: 'PrivateToken',
      account: alice,
      secondFactor: false,
      name: 'x',
      expiresAt,
    });
    assert.ok(issued);
    assertError(await tokens(issued.value), 403);
    assertError(await logout(issued.value), 403);
    assert.equal(await isLetIn(server, issued.value), true);
  });

  it('an administrator without the second factor their role asks for may sign out, and little else', async () => {
    const admin = await server.addAccount({ role: 'admin' });
    const { AccessToken, RefreshToken } = await signInToCloud(server, admin);
    for (const path of ['/license', '/organisation', `/user/${admin.id}`])
      assertError(await call(server, { path, token: AccessToken }), 403);
    assert.equal((await call(server, { method: 'POST', path: '/authenticate/signout', token: AccessToken })).status, 204);
    await assertDead(server, { AccessToken, RefreshToken });
  });
});
