import assert from 'node:assert/strict';
import type { Account } from '../../src/domain/accounts/account.ts';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import { codeAt, toNextStep } from './authenticator.ts';
import { call, type RestAnswer } from './rest-client.ts';
import { ORIGIN, PASSWORD, type TestServer } from './start-server.ts';

/** The two tokens of the cloud API. */
export interface Pair {
  readonly AccessToken: string;
  readonly RefreshToken: string;
}

export function pairIn({ status, json, text }: RestAnswer): Pair {
  assert.equal(status, 200, text);
  const { AccessToken, RefreshToken } = json;
  assert.ok(typeof AccessToken === 'string' && AccessToken !== '' && typeof RefreshToken === 'string' && RefreshToken !== '', text);
  return { AccessToken, RefreshToken };
}

type Server = Pick<TestServer, 'issuer'>;

export async function signInToCloud(server: Server, { email }: Pick<Account, 'email'>, more: JsonObject = {}): Promise<Pair> {
  const body = { KeepLoggedIn: false, Password: PASSWORD, Username: email, ...more };
  return pairIn(await call(server, { path: '/authenticate/signin', body }));
}

export function refreshPair(server: Server, token: string): Promise<RestAnswer> {
  return call(server, { path: '/authenticate/refresh', token, body: { GrantType: 'refresh_token' } });
}

/** Whether the access token is let in. */
export async function isLetIn(server: Server, token: string): Promise<boolean> {
  const { status, text } = await call(server, { path: '/global', token });
  assert.ok(status === 200 || status === 401, text);
  return status === 200;
}

/** Neither token of a pair is good for anything. */
export async function assertDead(server: Server, { AccessToken, RefreshToken }: Pair): Promise<void> {
  assert.equal(await isLetIn(server, AccessToken), false);
  assert.equal((await refreshPair(server, RefreshToken)).status, 401);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Every error has these members and no others, whatever went wrong. */
export function assertError(answer: RestAnswer, status: number, field = ''): void {
  const { json, text } = answer;
  assert.equal(answer.status, status, text);
  assert.deepEqual(Object.keys(json).toSorted(), ['AuthorizationInvalid', 'BackendMessage', 'Email', 'Field', 'Message', 'UUID']);
  const named = json.Field as { Message: unknown; Name: unknown };
  assert.deepEqual(Object.keys(named).toSorted(), ['Message', 'Name']);
  assert.equal(named.Name, field, text);
  assert.equal(json.AuthorizationInvalid, status === 401);
  for (const word of [json.BackendMessage, json.Message]) assert.ok(typeof word === 'string' && word !== '', text);
  assert.equal(json.Email, '');
  assert.match(String(json.UUID), UUID);
}

/** Sets an authenticator app up for somebody. Its secret; codes of the time step that is beginning are not used yet. */
export async function giveAuthenticator(server: Pick<TestServer, 'house' | 'clock'>, account: Account): Promise<string> {
  const secret = newTotpSecret();
  toNextStep(server);
  const { kind } = await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
  assert.equal(kind, 'enrolled');
  toNextStep(server);
  return secret;
}
