import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loggable } from '../../../src/http/loggable-path.ts';
import { ROUTES } from '../../../src/oidc/provider.ts';
import { codeAt } from '../../support/authenticator.ts';
import { giveAuthenticator, signInToCloud } from '../../support/cloud-client.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';

describe('other ways to say the same', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(MANY_ADDRESSES);
  });
  after(() => server[Symbol.asyncDispose]());

  it('HEAD does not sign anybody in or out: what acts is not asked for without its answer', async () => {
    const person = await server.addAccount();
    const { AccessToken: token } = await signInToCloud(server, person);
    const credentials = { authorization: `Basic ${Buffer.from(`${person.email}:${PASSWORD}`).toString('base64')}` };
    const issued = async () => (await server.house.tokens.ofAccount(person.id)).length;
    const before = await issued();
    for (const [path, headers] of [
      ['/authenticate/signin', credentials],
      ['/authenticate/signout', { authorization: `Bearer ${token}` }],
    ] as const) {
      const answer = await call(server, { method: 'HEAD', path, headers });
      assert.deepEqual([answer.status, answer.headers.get('allow')?.includes('GET')], [405, true], path);
    }
    assert.equal(await issued(), before);
    assert.equal((await call(server, { method: 'HEAD', path: '/global', token })).status, 200);
  });

  it('HEAD uses up no ticket', async () => {
    const person = await server.addAccount({ role: 'operator' });
    const login = await call(server, { path: '/api/login', body: { username: person.email, password: PASSWORD } });
    const { json } = await call(server, { path: '/api/stream/ticket', token: String(login.json.token), body: {} });
    const path = `/api/stream?token=${json.ticket}`;
    const head = await call(server, { method: 'HEAD', path });
    assert.deepEqual([head.status, head.headers.get('allow')], [405, 'GET']);
    const stream = await fetch(server.issuer + path);
    assert.equal(stream.status, 200);
    await stream.body?.cancel();
  });

  it('a slash at the end of an OAuth endpoint, or HEAD, leads to the same checks', async () => {
    for (const path of ['/oauth/userinfo', '/oauth/userinfo/']) {
      const { status, json } = await call(server, { path, token: 'a-bare-jti' });
      assert.deepEqual([status, json.error], [401, 'invalid_token'], path);
      const head = await call(server, { method: 'HEAD', path, token: 'a-bare-jti' });
      assert.match(head.headers.get('www-authenticate') ?? '', /^Bearer realm="gatehouse", error="invalid_token"/, 'not the engine’s own');
    }
    for (const path of ['/oauth/token', '/oauth/token/']) {
      const { status, json } = await call(server, { path, body: { grant_type: 'client_credentials' } });
      assert.deepEqual([status, json.error], [400, 'invalid_request'], path);
    }
  });

  it('no other spelling of a protocol path leads to the engine past the checks before it', async () => {
    const paths = [...Object.values(ROUTES), `${ROUTES.end_session}/confirm`, '/.well-known/openid-configuration'];
    for (const path of paths)
      for (const spelling of [path.toUpperCase(), path.replace(/.$/, (last) => last.toUpperCase()), `${path}//`])
        for (const method of ['GET', 'HEAD', 'POST'])
          assert.equal((await call(server, { method, path: spelling, token: 'a-bare-jti' })).status, 404, `${method} ${spelling}`);
  });

  it('[security 83] a right code sent many times at once, with the last wrong one, signs in once', async () => {
    const person = await server.addAccount();
    const secret = await giveAuthenticator(server, person);
    const login = await call(server, { path: '/api/login', body: { username: person.email, password: PASSWORD } });
    const code = await codeAt(server, secret);
    const prove = (sent: string) =>
      call(server, { path: '/api/login/totp', body: { partial_token: login.json.partial_token, code: sent } });
    const answers = await Promise.all([code, '000000', code, code, '000000'].map(prove));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  it('[security 103] a token that somebody puts into a path does not reach the log', () => {
    const jwt = `eyJhbGciOiJFUzI1NiJ9.${'a'.repeat(60)}.${'b'.repeat(86)}`;
    assert.equal(loggable(`/api/v1/users/${jwt}`), '/api/v1/users/…');
    assert.equal(loggable(`/api/${'0f'.repeat(32)}/x`), '/api/…/x');
    assert.equal(loggable('/user/00000000-0000-4000-8000-000000000001'), '/user/00000000-0000-4000-8000-000000000001');
  });
});
