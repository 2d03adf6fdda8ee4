import assert from 'node:assert/strict';
import { call } from './rest-client.ts';
import { PASSWORD, type TestServer } from './start-server.ts';

/** A token of the tenant API, for somebody with PASSWORD. */
export async function logIn(server: TestServer, { email }: { readonly email: string }): Promise<string> {
  const { status, json, text } = await call(server, { path: '/api/v1/auth/login', body: { email, password: PASSWORD } });
  assert.equal(status, 200, text);
  return String(json.token);
}

/** A token of a new service with these scopes. */
export async function serviceToken(server: TestServer, scope: string): Promise<string> {
  const { client, secret } = await server.addClient('service', { scope });
  const body = { grant_type: 'client_credentials', client_id: client.id, client_secret: secret };
  return String((await call(server, { path: '/oauth/token', body })).json.access_token);
}
