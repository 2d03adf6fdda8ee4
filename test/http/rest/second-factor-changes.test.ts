import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { newTotpSecret } from '../../../src/domain/mfa/totp.ts';
import { codeAt } from '../../support/authenticator.ts';
import { protocolClient, tokensOf } from '../../support/protocol-client.ts';
import { CALLBACK } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

describe('when a second factor comes or goes', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '["admin"]' });
  });
  after(() => server[Symbol.asyncDispose]());

  async function enrol(account: Account): Promise<string> {
    const secret = newTotpSecret();
    assert.equal((await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN)).kind, 'enrolled');
    server.clock.advance(30);
    return secret;
  }

  const sessionOf = async ({ email: username }: Account) =>
    String((await call(server, { path: '/api/login', body: { username, password: PASSWORD } })).json.token);

  const privateToken = (token: string) =>
    call(server, {
      path: '/api/v1/auth/private-tokens',
      token,
      body: { name: 'nightly', expires_at: new Date(server.clock.now().getTime() + 86_400_000).toISOString() },
    });

  it('[security 86] a token of the password alone makes no private token once there is a second factor', async () => {
    const person = await server.addAccount();
    const token = await sessionOf(person);
    const made = await privateToken(token);
    assert.equal(made.status, 201);
    const secret = await enrol(person);
    assert.deepEqual([(await privateToken(token)).status, (await privateToken(token)).json.code], [403, 'permission_denied']);
    const rotate = `/api/v1/auth/private-tokens/${String(made.json.id)}/rotate`;
    assert.equal((await call(server, { method: 'POST', path: rotate, token })).status, 403);
    const body = { email: person.email, password: PASSWORD, code: await codeAt(server, secret) };
    const short = await call(server, { path: '/api/v1/auth/token', body });
    assert.equal((await privateToken(String(short.json.token))).status, 201);
  });

  it('[security 86] a pair of the password alone is not refreshed beside it', async () => {
    const person = await server.addAccount();
    const body = { Username: person.email, Password: PASSWORD, KeepLoggedIn: true };
    const { json } = await call(server, { path: '/authenticate/signin', body });
    await enrol(person);
    const refresh = { path: '/authenticate/refresh', token: String(json.RefreshToken), body: { GrantType: 'refresh_token' } };
    assert.equal((await call(server, refresh)).status, 401);
  });

  it('[security 87] what came of signing in with a factor ends when that is taken away; private tokens go on', async () => {
    const person = await server.addAccount();
    const secret = await enrol(person);
    const signIn = { email: person.email, password: PASSWORD, code: await codeAt(server, secret) };
    const short = String((await call(server, { path: '/api/v1/auth/token', body: signIn })).json.token);
    const lasting = String((await privateToken(short)).json.token);
    assert.equal((await call(server, { path: '/api/me', token: short })).status, 200);
    assert.equal(await server.house.mfa.remove(person, ORIGIN), true);
    assert.equal((await call(server, { path: '/api/me', token: short })).status, 401);
    assert.equal((await call(server, { path: '/api/me', token: lasting })).status, 200);
  });

  it('a client’s token of one factor owes the second as soon as the person’s role asks for it', async () => {
    const person = await server.addAccount({ role: 'operator' });
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const parameters = { scope: 'openid read:users' };
    const token = String((await tokensOf(client, { identifier: person.email }, { parameters })).access_token);
    assert.equal((await call(server, { path: '/api/v1/users', token })).status, 200);
    await server.house.accounts.setRole(person, 'admin', ORIGIN);
    assert.equal((await call(server, { path: '/api/v1/users', token })).status, 403);
  });
});
