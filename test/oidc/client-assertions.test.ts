import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import * as oidc from 'openid-client';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { openCanary } from '../support/canary.ts';
import { ASSERTION_TYPE, type AssertionKey, assertionFields, assertionKey } from '../support/client-assertion.ts';
import { post } from '../support/protocol-client.ts';
import { slowDown } from '../support/slow-storage.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('clients that prove themselves with a key', () => {
  let server: TestServer;
  let service: IssuedClient;
  let key: AssertionKey;
  before(async () => {
    server = await startServer();
    key = await assertionKey();
    service = await register([key.publicJwk]);
  });
  after(() => server[Symbol.asyncDispose]());

  const register = (keys: Record<string, string>[]) =>
    server.addClient('service', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys }, scope: 'read:users' });
  const about = () => ({ clientId: service.client.id, issuer: server.issuer });
  const send = (fields: Record<string, string>) => post(`${server.issuer}/oauth/token`, { grant_type: 'client_credentials', ...fields });
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  async function assertRefused(fields: Record<string, string>, why: string) {
    const answer = await send(fields);
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_client'], `${why}: ${answer.text}`);
  }

  it('openid-client gets its token, with PrivateKeyJwt', async () => {
    const config = await oidc.discovery(
      new URL(server.issuer),
      service.client.id,
      undefined,
      oidc.PrivateKeyJwt({ key: key.privateKey, kid: 'first' }),
      {
        execute: [oidc.allowInsecureRequests],
      },
    );
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'read:users' });
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
  });

  it('[security 32] the same jti twice is invalid_client', async () => {
    const fields = await assertionFields(key, about());
    assert.equal((await send(fields)).status, 200);
    await assertRefused(fields, 'second use');
    const sameJti = { claims: { jti: 'chosen-by-the-client' } };
    assert.equal((await send(await assertionFields(key, about(), sameJti))).status, 200);
    await assertRefused(await assertionFields(key, about(), sameJti), 'another assertion with the same jti');
  });

  it('[security 33] neither alg none nor HS256 with the public key is taken', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = part({ iss: service.client.id, sub: service.client.id, aud: server.issuer, iat: now, exp: now + 60, jti: 'x' });
    await assertRefused({ client_assertion: `${part({ alg: 'none' })}.${claims}.`, client_assertion_type: ASSERTION_TYPE }, 'none');
    const input = `${part({ alg: 'HS256', kid: 'first' })}.${claims}`;
    for (const secret of [JSON.stringify(key.publicJwk), key.publicJwk.x ?? '', `${service.client.id}`, 'digests-only', '']) {
      const forged = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      await assertRefused({ client_assertion: forged, client_assertion_type: ASSERTION_TYPE }, 'HS256');
    }
  });

  it('[security 33] the audience is this issuer and nobody else', async () => {
    for (const aud of [
      'https://other.example',
      `${server.issuer}/api`,
      [server.issuer, 'https://other.example'],
      [server.issuer],
      [],
      `${server.issuer}.evil.test`,
    ])
      await assertRefused(await assertionFields(key, about(), { claims: { aud } }), JSON.stringify(aud));
    assert.equal((await send(await assertionFields(key, about(), { claims: { aud: `${server.issuer}/oauth/token` } }))).status, 200);
  });

  it('[security 33] an assertion lives five minutes at most, and has all of its claims', async () => {
    const now = Math.floor(Date.now() / 1000);
    await assertRefused(await assertionFields(key, about(), { claims: { exp: now + 600 } }), 'exp in ten minutes');
    await assertRefused(await assertionFields(key, about(), { claims: { exp: now - 60 } }), 'expired');
    await assertRefused(await assertionFields(key, about(), { claims: { nbf: now + 600 } }), 'nbf in the future');
    for (const name of ['exp', 'jti', 'iss', 'aud'])
      await assertRefused(await assertionFields(key, about(), { claims: { [name]: undefined } }), `without ${name}`);
    await assertRefused(await assertionFields(key, about(), { claims: { iss: 'somebody-else' } }), 'iss of another');
  });

  it('[security 33] a key that comes along in the header is not used, and nothing is fetched', async () => {
    await using canary = await openCanary();
    const url = `http://127.0.0.1:${canary.port}/jwks`;
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const foreign: AssertionKey = { privateKey, publicJwk: { ...((await exportJWK(publicKey)) as Record<string, string>), alg: 'ES256' } };
    for (const header of [{ jwk: foreign.publicJwk }, { jku: url }, { x5u: url }, { kid: url }])
      await assertRefused(await assertionFields(foreign, about(), { header }), JSON.stringify(header));
    for (const header of [{ jku: url }, { x5u: url }, { jwk: foreign.publicJwk }])
      await assertRefused(await assertionFields(key, about(), { header }), `own key, but ${JSON.stringify(header)}`);
    assert.equal(canary.connections(), 0);
  });

  it('[security 34] a key client cannot use a secret, and two methods at once are too many', async () => {
    const { client } = service;
    await assertRefused({ client_id: client.id, client_secret: 'digests-only' }, 'a secret instead');
    const both = await send({ ...(await assertionFields(key, about())), client_secret: 'x' });
    assert.equal(both.json.error, 'invalid_request');
  });

  it('[security 32] one assertion 20 times at once gives one token', async () => {
    slowDown(server.house.storage);
    const fields = await assertionFields(key, about());
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(fields)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array<number>(19).fill(401)]);
    for (const { status, json } of answers) if (status !== 200) assert.equal(json.error, 'invalid_client');
  });
});
