import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeProtocol } from '../../../src/http/docs/protocol-document.ts';
import { type Answer, basic, get, post } from '../../support/protocol-client.ts';
import { CALLBACK } from '../../support/relying-party.ts';
import { startServer } from '../../support/start-server.ts';

/** That document is written by hand: what it says of statuses is compared with what the endpoints do. */
it('the document of the standards knows every answer, right and wrong', async () => {
  await using server = await startServer();
  const { issuer } = server;
  const app = await server.addClient('web', { redirect_uris: [CALLBACK] });
  const service = await server.addClient('service', { scope: 'read:users' });
  const proof = { authorization: basic(service.client.id, String(service.secret)) };
  const wrong = { authorization: basic(service.client.id, 'wrong') };
  const code = { authorization: basic(app.client.id, String(app.secret)) };
  const request = `client_id=${app.client.id}&response_type=code&scope=openid&redirect_uri=${CALLBACK}`;
  const challenge = `code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`;
  const answers: readonly (readonly ['get' | 'post', string, number, Promise<Answer>])[] = [
    ['get', '/.well-known/openid-configuration', 200, get(`${issuer}/.well-known/openid-configuration`)],
    ['get', '/oauth/authorize', 303, get(`${issuer}/oauth/authorize?${request}&${challenge}`)],
    ['get', '/oauth/authorize', 303, get(`${issuer}/oauth/authorize?${request}`)],
    ['get', '/oauth/authorize', 400, get(`${issuer}/oauth/authorize?client_id=nobody`)],
    ['post', '/oauth/token', 200, post(`${issuer}/oauth/token`, { grant_type: 'client_credentials' }, proof)],
    ['post', '/oauth/token', 400, post(`${issuer}/oauth/token`, { grant_type: 'authorization_code', code: 'x' }, code)],
    ['post', '/oauth/token', 401, post(`${issuer}/oauth/token`, { grant_type: 'client_credentials' }, wrong)],
    ...(['/oauth/introspect', '/oauth/revoke'] as const).flatMap((path) => [
      ['post', path, 200, post(issuer + path, { token: 'x' }, proof)] as const,
      ['post', path, 400, post(issuer + path, {}, proof)] as const,
      ['post', path, 401, post(issuer + path, { token: 'x' }, wrong)] as const,
    ]),
    ['get', '/oauth/userinfo', 401, get(`${issuer}/oauth/userinfo`)],
    ['get', '/oauth/jwks', 200, get(`${issuer}/oauth/jwks`)],
    ['get', '/oauth/logout', 200, get(`${issuer}/oauth/logout`, { accept: 'text/html' })],
    ['get', '/oauth/logout', 400, get(`${issuer}/oauth/logout?client_id=${app.client.id}&post_logout_redirect_uri=https://evil.example`)],
  ];
  const { paths } = describeProtocol(issuer);
  for (const [method, path, expected, answering] of answers) {
    const { status, text } = await answering;
    assert.equal(status, expected, `${method} ${path}: ${text.slice(0, 200)}`);
    assert.ok(paths[path]?.[method]?.responses[status], `${method} ${path}: ${status} is not documented`);
  }
});
