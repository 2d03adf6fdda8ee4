import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { type Answer, type ProtocolClient, post, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const INACTIVE = { active: false };

describe('introspection and revocation', () => {
  let server: TestServer;
  let account: Account;
  let client: ProtocolClient;
  let stranger: ProtocolClient;
  let administrator: ProtocolClient;
  before(async () => {
    server = await startServer();
    account = await server.addAccount();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    stranger = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
    administrator = await protocolClient(server, await server.addClient('service', { scope: 'admin:all' }));
  });
  after(() => server[Symbol.asyncDispose]());

  const tokens = () => tokensOf(client, { identifier: account.email });
  const serviceToken = async (owner: ProtocolClient) => (await owner.token({ grant_type: 'client_credentials' })).json.access_token;

  it('tells a client about its own tokens, with what the token says', async () => {
    const { access_token: access, refresh_token: refresh } = await tokens();
    const { json } = await client.introspect(access);
    assert.equal(json.active, true);
    assert.equal(json.sub, account.id);
    assert.equal(json.client_id, client.issued.client.id);
    assert.equal(json.scope, 'read:interactions');
    assert.equal(json.iss, server.issuer);
    assert.equal(json.aud, `${server.issuer}/api`);
    assert.equal(json.token_type, 'Bearer');
    assert.equal(json.role, 'viewer');
    assert.equal(json.tenant_id, server.tenant.id);
    assert.equal(json.acr, 'aal1');
    const about = (await client.introspect(refresh)).json;
    assert.deepEqual([about.active, about.sub], [true, account.id]);
  });

  it('[security 31] tells strangers nothing, and nobody without authentication', async () => {
    const { access_token: access, refresh_token: refresh } = await tokens();
    for (const token of [access, refresh, await serviceToken(administrator)])
      assert.deepEqual((await stranger.introspect(token)).json, INACTIVE);
    const anonymous = await post(`${server.issuer}/oauth/introspect`, { token: String(access) });
    assert.equal(anonymous.status, 400);
    assert.equal(anonymous.json.active, undefined);
    const spa = await protocolClient(server, await server.addClient('spa', { redirect_uris: [CALLBACK] }));
    assert.deepEqual((await spa.introspect(access)).json, INACTIVE);
  });

  it('takes no JWT that somebody made for the refresh token that its jti names', async () => {
    const { refresh_token: refresh } = await tokens();
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const exp = Math.floor(server.clock.now().getTime() / 1000) + 600;
    const forged = `${encode({ alg: 'none' })}.${encode({ iss: server.issuer, exp, jti: refresh, sub: 'root', scope: 'admin:all' })}.`;
    assert.deepEqual((await client.introspect(forged)).json, INACTIVE);
    await client.revoke(forged);
    assert.equal((await client.introspect(refresh)).json.active, true);
    assert.equal((await userinfo(server, forged)).status, 401);
  });

  it('knows no token of a client that is switched off, though it is stored', async () => {
    const owner = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
    const access = await serviceToken(owner);
    assert.equal((await administrator.introspect(access)).json.active, true);
    await server.house.storage.clients.update(server.tenant.id, owner.issued.client.id, (old) => ({ ...old, disabled: true }));
    assert.deepEqual((await administrator.introspect(access)).json, INACTIVE);
  });

  it('tells a service of the tenant that may do everything', async () => {
    const { access_token: access } = await tokens();
    assert.equal((await administrator.introspect(access)).json.active, true);
    assert.equal((await administrator.introspect(await serviceToken(stranger))).json.active, true);
  });

  it('[security 31] a service of another tenant is a stranger, whatever it may do there', async () => {
    const tenant = await server.house.tenants.ensure({ slug: 'other', name: 'Other' }, { requestId: 'test', ip: 'test' });
    const issued = await server.house.clients.create(
      { tenantId: tenant.id, type: 'service', metadata: { client_name: 'Foreign', scope: 'admin:all' } },
      { requestId: 'test', ip: 'test' },
    );
    const foreign = await protocolClient(server, issued);
    const { access_token: access } = await tokens();
    assert.deepEqual((await foreign.introspect(access)).json, INACTIVE);
    await foreign.revoke(access);
    assert.equal((await client.introspect(access)).json.active, true);
  });

  it('[security 31] an expired token is only inactive', async () => {
    const aged = await startServer();
    await using _aged = aged;
    const owner = await protocolClient(aged, await aged.addClient('web', { redirect_uris: [CALLBACK] }));
    const { access_token: access } = await tokensOf(owner, { identifier: (await aged.addAccount()).email });
    aged.clock.advance(620);
    assert.deepEqual((await owner.introspect(access)).json, INACTIVE);
    assert.equal((await userinfo(aged, access)).status, 401);
  });

  it('[security 39] a token cut, extended or changed by a character is inactive, wherever the change is', async () => {
    const { access_token: access, refresh_token: refresh } = await tokens();
    const variants = (token: string) => {
      const at = Math.floor(token.length / 2);
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      return [
        token.slice(0, -1),
        token.slice(1),
        `${token}A`,
        `A${token}`,
        `${token} `,
        changed,
        token.toLowerCase(),
        token.slice(0, 8),
        '',
      ];
    };
    for (const variant of [...variants(String(refresh)), ...variants(String(access)).filter((each) => each.trim() !== access)]) {
      const answer: Answer = await client.introspect(variant);
      assert.notEqual(answer.json.active, true, variant);
      if (answer.status === 200) assert.deepEqual(answer.json, INACTIVE);
    }
    assert.equal((await client.introspect(refresh)).json.active, true);
  });

  it('[security 38] JWTs that are not ours are only inactive', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { access_token: access, id_token: idToken } = await tokens();
    const [, payload] = String(access).split('.');
    for (const token of [`${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.`, `${part({ alg: 'none' })}.${payload}.x`, 'a.b.c', idToken])
      assert.deepEqual((await client.introspect(token)).json, INACTIVE);
  });

  it('[security 30] an unknown token is revoked with 200, another client’s is not revoked', async () => {
    const { access_token: access, refresh_token: refresh } = await tokens();
    for (const token of ['unknown', 'a.b.c', access, refresh]) assert.equal((await stranger.revoke(token)).status, 200);
    assert.equal((await client.introspect(access)).json.active, true);
    assert.equal((await client.introspect(refresh)).json.active, true);
  });

  it('a revoked access token is dead at once, and it is written down', async () => {
    const { access_token: access } = await tokens();
    const answer = await client.revoke(access);
    assert.deepEqual([answer.status, answer.text], [200, '']);
    assert.deepEqual((await client.introspect(access)).json, INACTIVE);
    assert.equal((await userinfo(server, access)).status, 401);
    const [entry] = await server.house.storage.audit.list({ type: 'token.revoked', clientId: client.issued.client.id, limit: 1 });
    assert.equal(entry?.accountId, account.id);
  });

  it('a revoked refresh token takes its access tokens along', async () => {
    const { access_token: access, refresh_token: refresh } = await tokens();
    assert.equal((await client.revoke(refresh)).status, 200);
    assert.deepEqual((await client.introspect(access)).json, INACTIVE);
    assert.equal((await client.refresh(refresh)).json.error, 'invalid_grant');
  });

  it('a public client revokes its own', async () => {
    const spa = await protocolClient(server, await server.addClient('spa', { redirect_uris: [CALLBACK] }));
    const { access_token: access } = await tokensOf(spa, { identifier: account.email });
    assert.equal((await spa.revoke(access)).status, 200);
    assert.equal((await userinfo(server, access)).status, 401);
  });

  it('a token sent twice in one request is refused', async () => {
    const { access_token: access } = await tokens();
    const twice = [
      ['client_id', 'x'],
      ['token', String(access)],
      ['token', 'other'],
    ];
    const spa = await server.addClient('spa', { redirect_uris: [CALLBACK] });
    twice[0] = ['client_id', spa.client.id];
    for (const path of ['/oauth/introspect', '/oauth/revoke'])
      assert.equal((await post(`${server.issuer}${path}`, twice)).json.error, 'invalid_request');
  });
});
