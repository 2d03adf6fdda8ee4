import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IssuedClient } from '../../../src/domain/clients/client-service.ts';
import { CookieBrowser } from '../../support/cookie-browser.ts';
import { signIn } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const REDIRECT = 'https://your-app.com/callback';

describe('OAuth 2.0 as the documentation of the tenant API shows it', () => {
  let server: TestServer;
  let app: IssuedClient;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_DEMO: 'on', GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    await server.addAccount({ email: 'alice@acme.fr', role: 'admin' });
    await server.addAccount({ email: 'vera@acme.fr', role: 'viewer' });
    app = await server.addClient('web', { redirect_uris: [REDIRECT], require_pkce: false });
  });
  after(() => server[Symbol.asyncDispose]());

  /** Steps 1 and 2: the address as it is written, through the login and the consent page, to the code at the redirect_uri. */
  async function codeFor({ scope = 'read:interactions write:policies', identifier = 'alice@acme.fr', client = app } = {}): Promise<string> {
    const url = `${server.issuer}/oauth/authorize?client_id=${client.client.id}&response_type=code&redirect_uri=${REDIRECT}&scope=${scope}`;
    const page = await signIn(new CookieBrowser(), url, { identifier });
    assert.ok(page.url.startsWith(`${REDIRECT}?`), page.url);
    const code = new URL(page.url).searchParams.get('code');
    assert.ok(code, page.url);
    return code;
  }

  const exchangeText = (text: string, headers = {}) =>
    fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text });

  /** Step 3, with the four members of the example. */
  async function exchange(code: string, { client, secret }: IssuedClient = app): Promise<RestAnswer> {
    const body = { grant_type: 'authorization_code', code, client_id: client.id, client_secret: secret };
    return await call(server, { path: '/oauth/token', body });
  }

  it('gets from the address to the code, from the code to the token by JSON, and from the token to the API', async () => {
    const { status, json, headers } = await exchange(await codeFor());
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(json.token_type, 'Bearer');
    assert.equal(json.scope, 'read:interactions write:policies');
    assert.equal(json.id_token, undefined, 'without openid nobody signs in');
    const token = String(json.access_token);
    assert.equal((await call(server, { path: '/api/v1/interactions', token })).status, 200);
    const policy = { name: 'By an application', category: 'secret', action: 'block' };
    const created = await call(server, { path: '/api/v1/policies', token, body: policy });
    assert.equal(created.status, 201);
    const refused = await call(server, { path: '/api/v1/users', token });
    assert.deepEqual([refused.status, refused.text], [403, '{"error":"Insufficient permissions"}']);
    assert.match(refused.headers.get('www-authenticate') ?? '', /error="insufficient_scope"/);
  });

  it('gives all four scopes to an administrator, and each opens what it says', async () => {
    const scopes = ['read:interactions', 'write:policies', 'read:users', 'admin:all'];
    const paths = ['/api/v1/interactions', '/api/v1/policies', '/api/v1/users', '/api/v1/audit-log'];
    const { json } = await exchange(await codeFor({ scope: scopes.join(' ') }));
    assert.equal(json.scope, scopes.join(' '));
    for (const path of paths) assert.equal((await call(server, { path, token: String(json.access_token) })).status, 200, path);
    for (const [index, scope] of scopes.slice(0, 3).entries()) {
      const { access_token } = (await exchange(await codeFor({ scope }))).json;
      for (const [at, path] of paths.entries())
        assert.equal((await call(server, { path, token: String(access_token) })).status, at === index ? 200 : 403, `${scope} ${path}`);
    }
  });

  it('never hands an application more than the person may do', async () => {
    const { json } = await exchange(await codeFor({ scope: 'read:interactions write:policies admin:all', identifier: 'vera@acme.fr' }));
    assert.equal(json.scope, 'read:interactions');
    const answer = await call(server, { path: '/api/v1/audit-log', token: String(json.access_token) });
    assert.equal(answer.status, 403);
  });

  it('takes the secret in JSON from a client that is registered for the header, for the body, and in the header itself', async () => {
    for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
      const client = await server.addClient('web', { redirect_uris: [REDIRECT], require_pkce: false, token_endpoint_auth_method: method });
      assert.equal((await exchange(await codeFor({ client }), client)).status, 200, method);
      const wrong = await exchange(await codeFor({ client }), { ...client, secret: 'secret123' });
      assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid_client'], method);
    }
    const { client, secret } = app;
    const authorization = `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}`;
    const body = JSON.stringify({ grant_type: 'authorization_code', code: await codeFor() });
    assert.equal((await exchangeText(body, { authorization })).status, 200);
  });

  it('fills the redirect_uri in where a client has one, and asks for it where it has several', async () => {
    const two = await server.addClient('web', { redirect_uris: [REDIRECT, 'https://your-app.com/other'], require_pkce: false });
    const { status, json } = await exchange(await codeFor({ client: two }), two);
    assert.deepEqual([status, json.error], [400, 'invalid_request']);
    const body = { grant_type: 'authorization_code', code: await codeFor({ client: two }), redirect_uri: REDIRECT };
    const named = await call(server, { path: '/oauth/token', body: { ...body, client_id: two.client.id, client_secret: two.secret } });
    assert.equal(named.status, 200);
  });

  it('asks for PKCE where it was not turned off', async () => {
    const strict = await server.addClient('web', { redirect_uris: [REDIRECT] });
    const url = `${server.issuer}/oauth/authorize?client_id=${strict.client.id}&response_type=code&redirect_uri=${REDIRECT}&scope=read:interactions`;
    const page = await new CookieBrowser().open(url);
    assert.equal(new URL(page.url).searchParams.get('error'), 'invalid_request');
  });

  it('takes a code once', async () => {
    const code = await codeFor();
    const { json } = await exchange(code);
    const again = await exchange(code);
    assert.deepEqual([again.status, again.json.error], [400, 'invalid_grant']);
    assert.equal((await call(server, { path: '/api/v1/interactions', token: String(json.access_token) })).json.error, 'Invalid token');
  });

  it('answers invalid_request to what is no flat JSON object of strings, and to a member that is there twice', async () => {
    const { client, secret } = app;
    const good = { grant_type: 'client_credentials', client_id: client.id, client_secret: secret };
    const members = JSON.stringify(good).slice(1, -1);
    const bad = [
      '',
      '{',
      'null',
      '[]',
      '"grant_type=client_credentials"',
      'grant_type=authorization_code',
      `{${members},"code":{"$ne":null}}`,
      `{${members},"code":["a"]}`,
      `{${members},"code":7}`,
      `{${members},"code":null}`,
      `{${members},"client_id":${JSON.stringify(client.id)}}`,
      `{"code":{},"code":"a",${members}}`,
      `{"c\\u006fde":"a","code":"b",${members}}`,
      `{${members},"__proto__":{"code":"a"}}`,
      `{${members},"__proto__":"a"}`,
      `{${members},"code":"${'a'.repeat(60_000)}"}`,
    ];
    for (const text of bad) {
      const response = await exchangeText(text);
      const { error } = (await response.json()) as { error?: string };
      assert.deepEqual([response.status, error], [400, 'invalid_request'], text.slice(0, 120));
    }
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'code'), undefined);
  });

  it('reads characters that a form or a count of members could trip over', async () => {
    const code = await codeFor();
    const { client, secret } = app;
    const body = { state: 'a:b&c=d"e\\":" é+%', grant_type: 'authorization_code', code, client_id: client.id, client_secret: secret };
    const response = await exchangeText(JSON.stringify(body), { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(response.status, 200);
  });

  it('reads JSON at the token endpoint alone', async () => {
    const { client, secret } = app;
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      const body = { token: 'access_token_value', client_id: client.id, client_secret: secret };
      const { status, json } = await call(server, { path, body });
      assert.deepEqual([status, json.error], [400, 'invalid_request'], path);
    }
  });

  it('lets a service in from its own addresses alone, for tokens and with them', async () => {
    const { client, secret } = await server.addClient('service', { scope: 'read:users', allowed_addresses: ['192.0.2.0/28'] });
    const body = { grant_type: 'client_credentials', client_id: client.id, client_secret: secret };
    const refused = await call(server, { path: '/oauth/token', body, from: '203.0.113.5' });
    assert.deepEqual([refused.status, refused.json.error], [400, 'unauthorized_client']);
    assert.match(String(refused.json.error_description), /address/);
    const { json } = await call(server, { path: '/oauth/token', body, from: '192.0.2.5' });
    const token = String(json.access_token);
    assert.equal((await call(server, { path: '/api/v1/users', token, from: '192.0.2.6' })).status, 200);
    const elsewhere = await call(server, { path: '/api/v1/users', token, from: '203.0.113.5' });
    assert.deepEqual([elsewhere.status, elsewhere.json.error], [403, 'Requests from this IP address are not allowed.']);
  });

  it('lets a service in from the addresses of its organisation alone', async () => {
    const { clients, tenants } = server.house;
    const tenant = await tenants.create({ slug: 'walled', name: 'Walled' }, ORIGIN);
    await tenants.update(tenant, { allowedAddresses: ['192.0.2.0/24'] }, ORIGIN);
    const metadata = { client_name: 'Report', scope: 'read:users' };
    const { client, secret } = await clients.create({ tenantId: tenant.id, type: 'service', metadata }, ORIGIN);
    const body = { grant_type: 'client_credentials', client_id: client.id, client_secret: secret };
    const refused = await call(server, { path: '/oauth/token', body, from: '203.0.113.5' });
    assert.deepEqual([refused.status, refused.json.error], [400, 'unauthorized_client']);
    assert.equal((await call(server, { path: '/oauth/token', body, from: '192.0.2.5' })).status, 200);
  });
});
