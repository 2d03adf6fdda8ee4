import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as oidc from 'openid-client';
import { accessTokenOn, openStart, signInAsAlice } from '../support/demo-visitor.ts';
import { relyingParty } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('the protected API of the demo', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ GATEHOUSE_DEMO: 'on' });
  });
  after(() => server[Symbol.asyncDispose]());

  const call = (token: string | undefined, headers: Record<string, string> = {}) =>
    fetch(`${server.issuer}/demo/api/interactions`, { headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers } });

  const change = (token: string, body: string, type = 'application/json') =>
    fetch(`${server.issuer}/demo/api/policies`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      body,
    });

  async function tokenOf(scope: string): Promise<string> {
    const tenant = await server.house.tenants.resolve('northmoor');
    const metadata = { client_name: 'Another service', scope };
    const issued = await server.house.clients.create({ tenantId: tenant.id, type: 'service', metadata }, { requestId: 'test', ip: 'test' });
    const config = await relyingParty(server, issued);
    return (await oidc.clientCredentialsGrant(config, { scope })).access_token;
  }

  it('asks for a token and says no more than that (RFC 6750, 3)', async () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'Bearer ' }]) {
      const response = await call(undefined, headers);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="Parcel API"');
    }
  });

  it('answers a service as well as a person', async () => {
    const { start } = await openStart(server);
    const [, id = '', secret = ''] = /-u '([^:]+):([^']+)'/.exec(start.curl) ?? [];
    const config = await oidc.discovery(new URL(server.issuer), id, undefined, oidc.ClientSecretBasic(secret), {
      execute: [oidc.allowInsecureRequests],
    });
    const { access_token } = await oidc.clientCredentialsGrant(config, { scope: 'read:interactions' });
    const response = await call(access_token);
    assert.equal(response.status, 200);
    const body = (await response.json()) as { interactions: readonly unknown[] };
    assert.equal(body.interactions.length, 2);
  });

  it('takes no ID token, no opaque text and no token of another key', async () => {
    const { result } = await signInAsAlice(server);
    const idToken = (/aria-label="ID token as sent">(.*?)<\/pre>/.exec(result.html)?.[1] ?? '').replace(/<[^>]*>/g, '');
    const [header = '', payload = ''] = accessTokenOn(result).split('.');
    const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
    for (const token of [idToken, 'abc', `${header}.${payload}.${'A'.repeat(86)}`, unsigned]) {
      const response = await call(token);
      assert.equal(response.status, 401, token);
      assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    }
  });

  it('names the scope that is missing, and takes a policy from who has it', async () => {
    const read = await change(await tokenOf('read:interactions'), '{"name":"a","allow":"b"}');
    assert.equal(read.status, 403);
    assert.match(read.headers.get('www-authenticate') ?? '', /error="insufficient_scope".*scope="write:policies"/);
    const token = await tokenOf('write:policies');
    assert.equal((await change(token, '{"name":"a","allow":"b"}')).status, 201);
    for (const [body, type] of [
      ['{', 'application/json'],
      ['{"name":"a"}', 'application/json'],
      ['name=a&allow=b', 'application/x-www-form-urlencoded'],
      [JSON.stringify({ name: 'a', allow: 'b'.repeat(9000) }), 'application/json'],
    ] as const) {
      assert.equal((await change(token, body, type)).status, 400, body.slice(0, 20));
    }
    assert.equal((await call(token)).status, 403, 'writing does not include reading');
  });

  it('lets its clock be put forward for a call, never back', async () => {
    const token = await tokenOf('read:interactions');
    const at = (milliseconds: number) => ({ 'x-demo-clock': new Date(server.clock.now().getTime() + milliseconds).toISOString() });
    assert.equal((await call(token, at(3_600_000))).status, 401);
    assert.equal((await call(token, { 'x-demo-clock': 'yesterday' })).status, 200);
    server.clock.advance(601);
    assert.equal((await call(token)).status, 401);
    assert.equal((await call(token, at(-3_600_000))).status, 401);
  });
});
