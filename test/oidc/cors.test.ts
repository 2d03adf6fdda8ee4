import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { type ProtocolClient, post, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const OWN = 'https://app.example.com';
const FOREIGN = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'null',
];
const ALLOWED = 'access-control-allow-origin';

describe('browser applications on their own origin', () => {
  let server: TestServer;
  let account: Account;
  let spa: ProtocolClient;
  before(async () => {
    server = await startServer();
    account = await server.addAccount();
    spa = await protocolClient(server, await server.addClient('spa', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const tokens = () => tokensOf(spa, { identifier: account.email });

  it('read the token endpoint, its errors included', async () => {
    const { refresh_token: refresh } = await tokens();
    const good = await spa.token({ grant_type: 'refresh_token', refresh_token: String(refresh) }, { origin: OWN });
    assert.equal(good.status, 200);
    assert.equal(good.headers.get(ALLOWED), OWN);
    assert.match(good.headers.get('vary') ?? '', /origin/i);
    assert.equal(good.headers.get('access-control-allow-credentials'), null);
    const bad = await spa.token({ grant_type: 'refresh_token', refresh_token: 'x' }, { origin: OWN });
    assert.deepEqual([bad.status, bad.json.error, bad.headers.get(ALLOWED)], [400, 'invalid_grant', OWN]);
    const unknown = await post(`${server.issuer}/oauth/token`, { client_id: 'nobody', grant_type: 'refresh_token' }, { origin: OWN });
    assert.deepEqual([unknown.json.error, unknown.headers.get(ALLOWED)], ['invalid_client', OWN]);
  });

  it('read userinfo, its errors included', async () => {
    const { access_token: access } = await tokens();
    const good = await userinfo(server, access, { origin: OWN });
    assert.deepEqual([good.status, good.headers.get(ALLOWED)], [200, OWN]);
    assert.match(good.headers.get('vary') ?? '', /origin/i);
    await spa.revoke(access);
    for (const token of [access, 'x', '']) {
      const bad = await userinfo(server, token, { origin: OWN });
      assert.deepEqual([bad.status, bad.headers.get(ALLOWED)], [401, OWN], String(token));
      assert.match(bad.headers.get('access-control-expose-headers') ?? '', /www-authenticate/i);
    }
  });

  it('revoke their tokens', async () => {
    const { access_token: access } = await tokens();
    const fields = { client_id: spa.issued.client.id, token: String(access) };
    const answer = await post(`${server.issuer}/oauth/revoke`, fields, { origin: OWN });
    assert.deepEqual([answer.status, answer.headers.get(ALLOWED)], [200, OWN]);
  });

  it('get an answer to their preflights', async () => {
    for (const [path, method, header] of [
      ['/oauth/token', 'POST', 'content-type'],
      ['/oauth/userinfo', 'GET', 'authorization'],
      ['/oauth/revoke', 'POST', 'content-type'],
      ['/oauth/jwks', 'GET', 'accept'],
      ['/.well-known/openid-configuration', 'GET', 'accept'],
    ] as const) {
      const { status, headers } = await fetch(`${server.issuer}${path}`, {
        method: 'OPTIONS',
        headers: { origin: OWN, 'access-control-request-method': method, 'access-control-request-headers': header },
      });
      assert.ok(status === 204 || status === 200, path);
      assert.equal(headers.get(ALLOWED), OWN, path);
      assert.match(headers.get('access-control-allow-methods') ?? '', new RegExp(method), path);
      assert.match(headers.get('access-control-allow-headers') ?? '', new RegExp(header, 'i'), path);
    }
  });

  for (const origin of FOREIGN)
    it(`[security 19] ${origin} reads neither tokens nor userinfo`, async () => {
      const { refresh_token: refresh, access_token: access } = await tokens();
      const answer = await spa.token({ grant_type: 'refresh_token', refresh_token: String(refresh) }, { origin });
      assert.deepEqual([answer.status, answer.json.error, answer.headers.get(ALLOWED)], [400, 'invalid_request', null]);
      const info = await userinfo(server, access, { origin });
      assert.deepEqual([info.status, info.headers.get(ALLOWED)], [400, null]);
      assert.equal((await spa.refresh(refresh)).status, 200, 'and used nothing up');
    });

  it('[security 19] a client with other origins registered is read from those', async () => {
    const issued = await server.addClient('web', { redirect_uris: [CALLBACK], allowed_origins: ['https://elsewhere.example'] });
    const web = await protocolClient(server, issued);
    const { access_token: access } = await tokensOf(web, { identifier: account.email });
    assert.equal(
      (await userinfo(server, access, { origin: 'https://elsewhere.example' })).headers.get(ALLOWED),
      'https://elsewhere.example',
    );
    assert.equal((await userinfo(server, access, { origin: OWN })).headers.get(ALLOWED), null);
    for (const origin of ['*', 'null', 'https://*.example', 'https://app.example.com/', 'https://app.example.com/path', 'app.example.com'])
      await assert.rejects(server.addClient('spa', { redirect_uris: [CALLBACK], allowed_origins: [origin] }), { field: 'allowed_origins' });
  });

  it('[security 19] pages are no business of other origins', async () => {
    for (const path of ['/', '/interaction/x', '/oauth/logout', '/healthz', '/password/x']) {
      const { headers } = await fetch(`${server.issuer}${path}`, { headers: { origin: OWN }, redirect: 'manual' });
      assert.equal(headers.get(ALLOWED), null, path);
    }
  });
});
