import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { get, type ProtocolClient, post, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const CHALLENGE = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };

describe('authorization requests', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK, `${CALLBACK}2`] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const faultless = () => ({
    client_id: client.issued.client.id,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid',
    state: 'the-state',
    ...CHALLENGE,
  });

  /** `pairs` is the whole query, so that a parameter can be left out or be there twice. */
  const send = (pairs: Record<string, string> | string[][], headers: Record<string, string> = {}) =>
    get(`${server.issuer}/oauth/authorize?${new URLSearchParams(pairs as Record<string, string>)}`, { accept: 'text/html', ...headers });

  /** The error that goes back to the client. */
  async function errorAtClient(pairs: Record<string, string> | string[][]) {
    const answer = await send(pairs);
    const location = answer.headers.get('location') ?? '';
    assert.ok(location.startsWith(`${CALLBACK}?`), `${answer.status} ${location}`);
    return new URL(location).searchParams;
  }

  const without = (name: string) => Object.fromEntries(Object.entries(faultless()).filter(([each]) => each !== name));

  for (const type of ['web', 'spa', 'native'] as const)
    it(`[security 5] a ${type} client’s request without a code_challenge is an invalid_request`, async () => {
      const { client: registered } = await server.addClient(type, { redirect_uris: [CALLBACK] });
      const { code_challenge: _challenge, code_challenge_method: _method, ...request } = faultless();
      const answer = await errorAtClient({ ...request, client_id: registered.id });
      assert.equal(answer.get('error'), 'invalid_request');
      assert.equal(answer.get('state'), 'the-state');
    });

  it('[security 5] PKCE can be left out by a web client that is registered so, and by no other kind', async () => {
    const legacy = await server.addClient('web', { redirect_uris: [CALLBACK], require_pkce: false });
    const { code_challenge: _challenge, code_challenge_method: _method, ...request } = faultless();
    const answer = await send({ ...request, client_id: legacy.client.id });
    assert.match(answer.headers.get('location') ?? '', /\/interaction\//);
    for (const type of ['spa', 'native'] as const)
      await assert.rejects(server.addClient(type, { redirect_uris: [CALLBACK], require_pkce: false }), { field: 'require_pkce' });
  });

  it('[security 6] code_challenge_method is S256 and nothing else', async () => {
    for (const method of ['plain', 's256', 'S512']) {
      const answer = await errorAtClient({ ...faultless(), code_challenge_method: method });
      assert.equal(answer.get('error'), 'invalid_request', method);
    }
    assert.equal((await errorAtClient(without('code_challenge_method'))).get('error'), 'invalid_request', 'absent means plain (RFC 7636)');
    const metadata = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.deepEqual(metadata.json.code_challenge_methods_supported, ['S256']);
  });

  it('[security 9] implicit, hybrid and password are unsupported and not in the metadata', async () => {
    for (const responseType of ['token', 'id_token', 'id_token token', 'code id_token']) {
      const answer = await send({ ...faultless(), response_type: responseType, nonce: 'n' });
      assert.match(answer.headers.get('location') ?? '', /error=unsupported_response_type/, responseType);
    }
    const none = await send({ ...faultless(), response_type: 'none' });
    assert.match(none.headers.get('location') ?? '', /error=invalid_request/, 'it is for pages of our own');
    for (const grant of [
      'password',
      'implicit',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ]) {
      const answer = await client.token({ grant_type: grant, username: 'a', password: 'b' });
      assert.equal(answer.json.error, 'unsupported_grant_type', grant);
    }
    const { json } = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.deepEqual(json.response_types_supported, ['code']);
    assert.deepEqual(
      new Set(json.grant_types_supported as string[]),
      new Set(['authorization_code', 'refresh_token', 'client_credentials']),
    );
  });

  it('[security 10] success and error both name the issuer, and the metadata says so', async () => {
    const account = await server.addAccount();
    const { callback } = await client.authorize(new CookieBrowser(), { identifier: account.email });
    assert.equal(callback.searchParams.get('iss'), server.issuer);
    assert.equal((await errorAtClient({ ...faultless(), prompt: 'none' })).get('iss'), server.issuer);
    assert.equal((await errorAtClient({ ...faultless(), max_age: 'x' })).get('iss'), server.issuer);
    const { json } = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.equal(json.authorization_response_iss_parameter_supported, true);
  });

  it('[security 11] a parameter that is there twice is refused, never settled in favour of the second', async () => {
    for (const [name, second] of [
      ['client_id', 'other'],
      ['redirect_uri', `${CALLBACK}2`],
      ['redirect_uri', 'https://evil.example/'],
      ['scope', 'openid admin:all'],
      ['response_type', 'token'],
      ['state', 'other'],
      ['code_challenge', 'b'.repeat(43)],
    ] as const) {
      const answer = await send([...Object.entries(faultless()), [name, second]]);
      const location = answer.headers.get('location');
      if (location === null) assert.equal(answer.status, 400, name);
      else {
        assert.ok(location.startsWith(`${CALLBACK}?`), location);
        assert.equal(new URL(location).searchParams.get('error'), 'invalid_request', name);
      }
    }
  });

  it('[security 11] array spellings, NUL and parameters of 60 KiB reach nobody', async () => {
    const array = await send([...Object.entries(without('redirect_uri')), ['redirect_uri[]', CALLBACK]]);
    assert.equal(array.status, 400);
    assert.equal(array.headers.get('location'), null);
    for (const name of ['client_id', 'redirect_uri', 'scope', 'response_type', 'code_challenge', 'resource', 'prompt', 'max_age']) {
      const answer = await send({ ...faultless(), [name]: `${(faultless() as Record<string, string>)[name] ?? ''}\0` });
      const location = answer.headers.get('location') ?? '';
      assert.ok(
        answer.status === 400 || (location.startsWith(`${CALLBACK}?`) && location.includes('error=')),
        `${name}: ${answer.status} ${location}`,
      );
    }
    assert.equal((await send({ ...faultless(), state: 'x'.repeat(60 * 1024) })).status, 431);
  });

  it('[security 12] request objects are not taken, whatever they are signed with', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${part({ alg: 'none' })}.${part({ ...faultless(), redirect_uri: 'https://evil.example/' })}.`;
    assert.equal((await errorAtClient({ ...faultless(), request: none })).get('error'), 'request_not_supported');
    const { json } = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.notEqual(json.request_parameter_supported, true);
    assert.equal(json.request_object_signing_alg_values_supported, undefined);
  });

  it('[security 13] pushed requests and request_uri are not taken', async () => {
    const uri = 'urn:ietf:params:oauth:request_uri:abc';
    assert.equal((await errorAtClient({ ...faultless(), request_uri: uri })).get('error'), 'request_uri_not_supported');
    for (const path of ['/oauth/par', '/request', '/oauth/request'])
      assert.equal((await post(`${server.issuer}${path}`, faultless())).status, 404);
    const { json } = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.equal(json.pushed_authorization_request_endpoint, undefined);
    assert.notEqual(json.request_uri_parameter_supported, true);
  });

  it('[security 50] nobody can register a client over the network', async () => {
    for (const path of ['/reg', '/oauth/register', '/register', '/connect/register'])
      assert.equal((await post(`${server.issuer}${path}`, { client_name: 'x' })).status, 404, path);
    const { json } = await get(`${server.issuer}/.well-known/openid-configuration`);
    assert.equal(json.registration_endpoint, undefined);
  });

  it('[security 19] the authorization endpoint has no CORS headers for anybody', async () => {
    for (const origin of ['https://app.example.com', server.issuer, 'null']) {
      const { headers } = await send(faultless(), { origin });
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('[security 60] prototype names in the query and in claims pollute nothing', async () => {
    await send([...Object.entries(faultless()), ['__proto__', 'polluted'], ['constructor', 'x'], ['__proto__[polluted]', 'yes']]);
    await send({
      ...faultless(),
      scope: 'openid offline_access',
      claims: '{"__proto__":{"polluted":"yes"},"userinfo":{"__proto__":{"polluted":1}}}',
    });
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });
});
