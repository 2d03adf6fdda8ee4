import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { basic, post, protocolClient, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('client_credentials and client secrets', () => {
  let server: TestServer;
  let service: IssuedClient;
  before(async () => {
    server = await startServer();
    service = await server.addClient('service', { scope: 'read:users read:interactions' });
  });
  after(() => server[Symbol.asyncDispose]());

  const send = (fields: Record<string, string> | string[][], headers: Record<string, string> = {}) =>
    post(`${server.issuer}/oauth/token`, fields, headers);
  const grant = { grant_type: 'client_credentials' };
  const asBasic = ({ client, secret }: IssuedClient) => ({ authorization: basic(client.id, secret ?? '') });
  const inForm = ({ client, secret }: IssuedClient) => ({ client_id: client.id, client_secret: secret ?? '' });

  it('a service gets its token, with its secret in the header or in the form', async () => {
    for (const answer of [await send(grant, asBasic(service)), await send({ ...grant, ...inForm(service) })]) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.token_type, 'Bearer');
      assert.equal(answer.json.scope, 'read:interactions read:users');
      assert.equal(answer.json.expires_in, 600);
      assert.equal(answer.json.refresh_token, undefined);
      const claims = decodeJwt(String(answer.json.access_token));
      assert.equal(claims.aud, `${server.issuer}/api`);
      assert.equal(claims.tenant_id, server.tenant.id);
      assert.equal(decodeProtectedHeader(String(answer.json.access_token)).typ, 'at+jwt');
    }
  });

  for (const authentication of [oidc.ClientSecretBasic, oidc.ClientSecretPost])
    it(`openid-client does it with ${authentication.name}`, async () => {
      const config = await oidc.discovery(new URL(server.issuer), service.client.id, undefined, authentication(service.secret), {
        execute: [oidc.allowInsecureRequests],
      });
      const tokens = await oidc.clientCredentialsGrant(config, { scope: 'read:users' });
      assert.equal(tokens.scope, 'read:users');
      const state = await oidc.tokenIntrospection(config, tokens.access_token);
      assert.deepEqual([state.active, state.client_id, state.scope], [true, service.client.id, 'read:users']);
      await oidc.tokenRevocation(config, tokens.access_token);
      assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
    });

  it('a service gets what it was granted and no more, whatever it sends', async () => {
    for (const scope of ['admin:all', 'read:users admin:all', 'write:policies', 'nonsense']) {
      const answer = await send({ ...grant, scope }, asBasic(service));
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_scope'], scope);
    }
    const nothing = await server.addClient('service');
    const bare = await send(grant, asBasic(nothing));
    assert.equal(decodeJwt(String(bare.json.access_token)).scope, undefined);
  });

  it('only a service may use client_credentials, and it may use nothing else', async () => {
    const web = await server.addClient('web', { redirect_uris: [CALLBACK] });
    assert.equal((await send(grant, asBasic(web))).json.error, 'invalid_request');
    const spa = await server.addClient('spa', { redirect_uris: [CALLBACK] });
    assert.equal((await send({ ...grant, client_id: spa.client.id })).json.error, 'invalid_request');
    for (const grantType of ['authorization_code', 'refresh_token']) {
      const answer = await send({ grant_type: grantType, code: 'x', refresh_token: 'x', redirect_uri: CALLBACK }, asBasic(service));
      assert.equal(answer.json.error, 'invalid_request');
    }
  });

  it('[security 34] two ways of authenticating at once are refused', async () => {
    const both = await send({ ...grant, ...inForm(service) }, asBasic(service));
    assert.deepEqual([both.status, both.json.error], [400, 'invalid_request']);
    const twice = await send([...Object.entries({ ...grant, ...inForm(service) }), ['client_secret', 'other']]);
    assert.deepEqual([twice.status, twice.json.error], [400, 'invalid_request']);
    const other = await server.addClient('service');
    const mixed = await send({ ...grant, client_id: other.client.id }, asBasic(service));
    assert.equal(mixed.json.error, 'invalid_request');
  });

  it('[security 34] a wrong secret is a 401 with a challenge, the same for a client nobody has', async () => {
    const { client, secret = '' } = service;
    const wrong = await send(grant, { authorization: basic(client.id, `${secret}x`) });
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid_client']);
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic realm=/);
    const unknown = await send(grant, { authorization: basic('nobody', secret) });
    assert.deepEqual([unknown.status, unknown.json], [wrong.status, wrong.json]);
    for (const guess of ['', 'digests-only', secret.slice(0, -1), secret.toUpperCase(), client.secrets[0]?.digest ?? ''])
      for (const answer of [
        await send(grant, { authorization: basic(client.id, guess) }),
        await send({ ...grant, client_id: client.id, client_secret: guess }),
      ])
        assert.ok([400, 401].includes(answer.status), guess);
    assert.equal((await send({ ...grant, client_id: client.id })).status, 401, 'no secret at all');
  });

  it('[security 34] only a digest of the secret is stored', async () => {
    const stored = await server.house.storage.clients.find(service.client.id);
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(service.secret ?? '-'));
  });

  it('two secrets live side by side for as long as was said', async () => {
    const first = await server.addClient('service', { scope: 'read:users' });
    const second = await server.house.clients.addSecret(first.client, 600, ORIGIN);
    assert.equal((await send(grant, asBasic(first))).status, 200);
    assert.equal((await send(grant, asBasic(second))).status, 200);
    server.clock.advance(601);
    assert.equal((await send(grant, asBasic(first))).status, 401);
    assert.equal((await send(grant, asBasic(second))).status, 200);
    const third = await server.house.clients.addSecret(second.client, 0, ORIGIN);
    assert.equal((await send(grant, asBasic(second))).status, 401);
    assert.equal((await send(grant, asBasic(third))).status, 200);
  });

  it('[security 44] the sub of a service is its client_id and never the shape of a person’s', async () => {
    const { json } = await send(grant, asBasic(service));
    const claims = decodeJwt(String(json.access_token));
    assert.equal(claims.sub, service.client.id);
    assert.doesNotMatch(String(claims.sub), UUID);
    assert.match((await server.addAccount()).id, UUID);
    assert.equal((await userinfo(server, json.access_token)).status, 401, 'nobody stands behind it');
  });

  it('a disabled service is no client, and its tokens are dead', async () => {
    const doomed = await server.addClient('service', { scope: 'read:users' });
    const { json } = await send(grant, asBasic(doomed));
    await server.house.clients.update(doomed.client, { disabled: true }, ORIGIN);
    assert.equal((await send(grant, asBasic(doomed))).json.error, 'invalid_client');
    await server.house.clients.update(doomed.client, { disabled: false }, ORIGIN);
    const client = await protocolClient(server, doomed);
    assert.deepEqual((await client.introspect(json.access_token)).json, { active: false });
  });
});
