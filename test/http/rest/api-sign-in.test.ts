import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { newTotpSecret } from '../../../src/domain/mfa/totp.ts';
import { codeAt, toNextStep } from '../../support/authenticator.ts';
import { call, freshAddress, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

const NEW_PASSWORD = 'another-quiet-sentence-of-words-7';

/** How each API takes a password, and a code where it takes that with it. */
const SIGN_INS: Readonly<Record<string, (email: string, password: string, code?: string) => { path: string; body: object }>> = {
  'tenant API': (email, password, code) => ({ path: '/api/v1/auth/login', body: { email, password, code } }),
  'private tokens': (email, password, code) => ({ path: '/api/v1/auth/token', body: { email, password, code } }),
  'session API': (username, password) => ({ path: '/api/login', body: { username, password } }),
  'cloud API': (Username, Password, Totp) => ({ path: '/authenticate/signin', body: { Username, Password, KeepLoggedIn: false, Totp } }),
};

const everywhere = (server: TestServer, email: string, password: string, code?: string) =>
  Promise.all(
    Object.entries(SIGN_INS).map(async ([api, request]) => ({ api, answer: await call(server, request(email, password, code)) })),
  );

/** Whether an answer holds anything to be let in with. */
const letsIn = ({ status, text }: RestAnswer) => status < 400 && /"(token|AccessToken|access_token)":/.test(text);

async function withSecondFactor(server: TestServer): Promise<{ account: Account; secret: string; recovery: string }> {
  const account = await server.addAccount();
  const secret = newTotpSecret();
  const outcome = await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
  toNextStep(server);
  return { account, secret, recovery: 'codes' in outcome ? (outcome.codes[0] ?? '') : '' };
}

async function waitingOf(server: TestServer, { email }: Account): Promise<string> {
  const { json } = await call(server, { path: '/api/login', body: { username: email, password: PASSWORD } });
  return String(json.partial_token);
}

const proceed = (server: TestServer, partial_token: string, code: string) =>
  call(server, { path: '/api/login/totp', body: { partial_token, code } });

describe('signing in by the APIs', () => {
  it('[security 66] fifty failures at once from fifty addresses are looked at as often as one after the other', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { email, id } = await server.addAccount();
    const requests = Object.values(SIGN_INS);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        call(server, requests[index % 4]?.(email, 'not-the-password') ?? { path: '/' }).then(({ status }) => status),
      ),
    );
    const { limit } = server.house.config.limits.login_account;
    assert.deepEqual(answers.toSorted(), [...Array<number>(limit).fill(401), ...Array<number>(50 - limit).fill(429)]);
    const failures = await server.house.storage.audit.list({ type: 'login.failed', accountId: id, limit: 100 });
    assert.equal(failures.length, limit);
    for (const { api, answer } of await everywhere(server, email, PASSWORD)) assert.equal(answer.status, 429, `${api}: locked`);
  });

  it('[security 66] an address that one API has locked is locked on all of them', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { email } = await server.addAccount();
    const from = freshAddress();
    const attempt = (api: string, password: string) =>
      call(server, { ...SIGN_INS[api]?.(email, password), path: SIGN_INS[api]?.('', '').path ?? '/', from });
    for (let tries = 0; tries < 5; tries++) await attempt('private tokens', 'not-the-password');
    for (const api of Object.keys(SIGN_INS)) assert.equal((await attempt(api, PASSWORD)).status, 429, api);
    server.clock.advance(301);
    for (const api of Object.keys(SIGN_INS)) assert.equal((await attempt(api, PASSWORD)).status, 200, api);
  });

  it('[security 67] an account that is switched off is let in nowhere, nor does a reset or a code help', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { account, secret, recovery } = await withSecondFactor(server);
    const [first, second] = [await waitingOf(server, account), await waitingOf(server, account)];
    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    const disabled = await server.house.accounts.setDisabled(account, true, ORIGIN);
    const code = await codeAt(server, secret);
    assert.equal((await proceed(server, first, code)).status, 401);
    assert.equal((await proceed(server, second, recovery)).status, 401);
    assert.equal(await server.house.accounts.usePasswordLink(link, NEW_PASSWORD, ORIGIN), undefined);
    for (const password of [PASSWORD, NEW_PASSWORD])
      for (const { api, answer } of await everywhere(server, account.email, password, code)) assert.equal(answer.status, 401, api);
    await server.house.accounts.setDisabled(disabled, false, ORIGIN);
    assert.equal((await proceed(server, first, code)).status, 401, 'what began before is over');
  });

  it('[security 67] a password set anew ends what waits for its code, lifts the lock, and does not do without the code', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { account, secret } = await withSecondFactor(server);
    const { email } = account;
    const waiting = await waitingOf(server, account);
    for (let tries = 0; tries < 10; tries++) await call(server, { path: '/api/login', body: { username: email, password: 'not-it' } });
    for (const { api, answer } of await everywhere(server, email, PASSWORD)) assert.equal(answer.status, 429, api);

    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    assert.ok(await server.house.accounts.usePasswordLink(link, NEW_PASSWORD, ORIGIN));
    assert.equal((await proceed(server, waiting, await codeAt(server, secret))).status, 401);
    for (const { api, answer } of await everywhere(server, email, PASSWORD)) assert.equal(answer.status, 401, `${api}: the old password`);
    for (const { api, answer } of await everywhere(server, email, NEW_PASSWORD))
      assert.equal(letsIn(answer), false, `${api}: the password alone`);
    const code = await codeAt(server, secret);
    assert.equal((await call(server, { path: '/api/v1/auth/token', body: { email, password: NEW_PASSWORD, code } })).status, 200);
  });

  it('[security 67] a tenant that is switched off between password and code', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { account, secret } = await withSecondFactor(server);
    const waiting = await waitingOf(server, account);
    const disabled = await server.house.tenants.update(server.tenant, { disabled: true }, ORIGIN);
    assert.equal((await proceed(server, waiting, await codeAt(server, secret))).status, 401);
    for (const { api, answer } of await everywhere(server, account.email, PASSWORD)) assert.equal(answer.status, 401, api);
    await server.house.tenants.update(disabled, { disabled: false }, ORIGIN);
    assert.equal((await proceed(server, waiting, await codeAt(server, secret))).status, 200);
  });
});
