import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { ClientType } from '../../src/domain/clients/client.ts';
import type { ClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';

const WITHOUT_OFFLINE = { scope: 'openid email read:interactions' };

describe('refresh tokens', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let account: Account;
  before(async () => {
    server = await startServer({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    account = await server.addAccount();
    client = await addClient('web');
  });
  after(() => server[Symbol.asyncDispose]());

  const addClient = async (type: ClientType, metadata: ClientMetadata = {}) =>
    await protocolClient(server, await server.addClient(type, { redirect_uris: [CALLBACK], ...metadata }));
  const person = () => ({ identifier: account.email });

  it('[security 25] an old refresh token kills its family and the grant, and is written down', async () => {
    const first = await tokensOf(client, person());
    const second = (await client.refresh(first.refresh_token)).json;
    const third = (await client.refresh(second.refresh_token)).json;
    assert.notEqual(third.refresh_token, second.refresh_token);

    const reuse = await client.refresh(first.refresh_token);
    assert.deepEqual([reuse.status, reuse.json.error], [400, 'invalid_grant']);
    for (const tokens of [first, second, third]) {
      assert.deepEqual((await client.introspect(tokens.access_token)).json, { active: false });
      assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    }
    assert.deepEqual(await server.house.storage.artifacts.list('Grant', 'accountId', account.id), []);
    const [entry] = await server.house.storage.audit.list({ type: 'token.reused', clientId: client.issued.client.id, limit: 1 });
    assert.equal(entry?.accountId, account.id);
    assert.ok(entry && entry.requestId !== '' && entry.ip !== '');
  });

  it('[security 25] what was stolen from one device ends that device’s tokens and no other’s', async () => {
    const [stolen, other] = [await tokensOf(client, person()), await tokensOf(client, person())];
    await client.refresh(stolen.refresh_token);
    assert.equal((await client.refresh(stolen.refresh_token)).json.error, 'invalid_grant');
    assert.equal((await userinfo(server, other.access_token)).status, 200);
    assert.equal((await client.refresh(other.refresh_token)).status, 200);
  });

  it('[security 28] a refresh token is its client’s alone', async () => {
    const other = await addClient('web');
    const tokens = await tokensOf(client, person());
    assert.equal((await other.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    assert.equal((await client.refresh(tokens.refresh_token)).status, 200);
  });

  it('[security 28] scopes get fewer, never more; asking for more does not use the token up', async () => {
    const tokens = await tokensOf(client, person(), { parameters: { scope: 'openid offline_access read:interactions' } });
    for (const scope of ['openid offline_access read:interactions read:users', 'admin:all', 'write:policies', 'profile', 'nonsense']) {
      const wider = await client.refresh(tokens.refresh_token, { scope });
      assert.deepEqual([wider.status, wider.json.error], [400, 'invalid_scope'], scope);
    }
    const narrower = await client.refresh(tokens.refresh_token, { scope: 'openid' });
    assert.equal(narrower.status, 200);
    assert.equal(decodeJwt(String(narrower.json.access_token)).scope, undefined);
    const back = await client.refresh(narrower.json.refresh_token);
    assert.equal(back.json.scope, 'read:interactions', 'RFC 6749 6: the next one may have all of the original again');
  });

  it('a demotion bites at the next refresh, and asking for what was lost leaves the token usable', async () => {
    const admin = await server.addAccount({ role: 'admin' });
    const tokens = await tokensOf(
      client,
      { identifier: admin.email },
      { parameters: { scope: 'openid offline_access read:interactions admin:all' } },
    );
    assert.equal(tokens.scope, 'read:interactions admin:all');
    await server.house.accounts.setRole(admin, 'viewer', ORIGIN);
    const greedy = await client.refresh(tokens.refresh_token, { scope: 'admin:all' });
    assert.deepEqual([greedy.status, greedy.json.error], [400, 'invalid_scope']);
    const refreshed = await client.refresh(tokens.refresh_token);
    assert.equal(refreshed.json.scope, 'read:interactions');
    const claims = decodeJwt(String(refreshed.json.access_token));
    assert.deepEqual([claims.scope, claims.role], ['read:interactions', 'viewer']);
  });

  it('[security 29] nothing is refreshed for a person who is switched off, and all they hold is dead at once', async () => {
    const leaver = await server.addAccount();
    const tokens = await tokensOf(client, { identifier: leaver.email });
    await server.house.accounts.setDisabled(leaver, true, ORIGIN);
    assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    assert.deepEqual((await client.introspect(tokens.access_token)).json, { active: false });
    assert.deepEqual((await client.introspect(tokens.refresh_token)).json, { active: false });
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    await server.house.accounts.setDisabled(leaver, false, ORIGIN);
    assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant', 'and stays dead');
  });

  it('[security 29] nothing is refreshed once the grant is gone', async () => {
    const tokens = await tokensOf(client, person());
    const grants = await server.house.storage.artifacts.list('Grant', 'accountId', account.id);
    for (const { id } of grants) await server.house.storage.artifacts.remove('Grant', id);
    assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.deepEqual((await client.introspect(tokens.access_token)).json, { active: false });
  });

  it('[security 29] nothing is refreshed for a client that is switched off, and on again', async () => {
    const doomed = await addClient('web');
    const tokens = await tokensOf(doomed, person());
    await server.house.clients.update(doomed.issued.client, { disabled: true }, ORIGIN);
    const off = await doomed.refresh(tokens.refresh_token);
    assert.deepEqual([off.status, off.json.error], [401, 'invalid_client']);
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    await server.house.clients.update(doomed.issued.client, { disabled: false }, ORIGIN);
    assert.equal((await doomed.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
  });

  it('[security 29] without offline_access a refresh token ends with the session', async () => {
    const bound = await addClient('web', { refresh_without_offline_access: false });
    const none = await tokensOf(bound, person(), { parameters: WITHOUT_OFFLINE });
    assert.equal(none.refresh_token, undefined);
    const browser = new CookieBrowser();
    const tokens = await tokensOf(bound, person(), { parameters: WITHOUT_OFFLINE, browser });
    assert.equal((await userinfo(server, tokens.access_token)).status, 200);
    const page = await browser.open(`${server.issuer}/oauth/logout`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.deepEqual((await bound.introspect(tokens.access_token)).json, { active: false });
  });

  it('a native client gets one without offline_access, and it outlives the session', async () => {
    const native = await addClient('native');
    const browser = new CookieBrowser();
    const tokens = await tokensOf(native, person(), { parameters: WITHOUT_OFFLINE, browser });
    const page = await browser.open(`${server.issuer}/oauth/logout`);
    await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    const refreshed = await native.refresh(tokens.refresh_token);
    assert.equal(refreshed.status, 200);
    assert.notEqual(refreshed.json.refresh_token, tokens.refresh_token);
  });

  it('signing out here leaves what the same application holds elsewhere, and what was allowed', async () => {
    const [here, elsewhere] = [new CookieBrowser(), new CookieBrowser()];
    const held = await tokensOf(client, person(), { browser: elsewhere });
    await tokensOf(client, person(), { parameters: WITHOUT_OFFLINE, browser: here });
    const page = await here.open(`${server.issuer}/oauth/logout`);
    await here.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal((await userinfo(server, held.access_token)).status, 200);
    assert.equal((await client.refresh(held.refresh_token)).status, 200);
    const silent = await client.request(elsewhere, { ...WITHOUT_OFFLINE, prompt: 'none' });
    assert.ok(new URL(silent.url).searchParams.get('code'), silent.url);
  });
});

describe('how long refresh tokens last', () => {
  it('[security 28] unused for its term, or at the end of the chain, a refresh token is over', async () => {
    await using server = await startServer({ GATEHOUSE_LIFETIMES__REFRESH_TOKEN: '1000', GATEHOUSE_LIFETIMES__REFRESH_CHAIN: '1800' });
    const account = await server.addAccount();
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const unused = await tokensOf(client, { identifier: account.email });
    let { refresh_token: token } = await tokensOf(client, { identifier: account.email });
    server.clock.advance(900);
    ({ refresh_token: token } = (await client.refresh(token)).json);
    assert.ok(token);
    server.clock.advance(200);
    assert.equal((await client.refresh(unused.refresh_token)).json.error, 'invalid_grant');
    server.clock.advance(600);
    ({ refresh_token: token } = (await client.refresh(token)).json);
    assert.ok(token, 'each use starts a new term');
    server.clock.advance(101);
    const late = await client.refresh(token);
    assert.deepEqual([late.status, late.json.error], [400, 'invalid_grant'], 'but not beyond the end of the chain');
  });
});
