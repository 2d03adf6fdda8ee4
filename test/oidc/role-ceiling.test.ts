import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { Role } from '../../src/domain/policy/roles.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type Answer, type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const EVERYTHING = 'read:interactions read:users write:policies admin:all';
const CEILING: Readonly<Record<Role, string>> = {
  viewer: 'read:interactions',
  operator: 'read:interactions read:users',
  admin: EVERYTHING,
};

describe('what a role may hand over', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const sorted = (scope: unknown) =>
    String(scope ?? '')
      .split(' ')
      .toSorted()
      .join(' ');

  for (const role of ['viewer', 'operator', 'admin'] as const)
    it(`a ${role} who asks for everything hands over: ${CEILING[role]}`, async () => {
      const account = await server.addAccount({ role });
      const tokens = await tokensOf(
        client,
        { identifier: account.email },
        { parameters: { scope: `openid offline_access ${EVERYTHING}` } },
      );
      const claims = decodeJwt(String(tokens.access_token));
      assert.equal(sorted(claims.scope), sorted(CEILING[role]));
      assert.equal(sorted(tokens.scope), sorted(CEILING[role]));
      assert.equal(claims.role, role);
      assert.equal(sorted((await client.introspect(tokens.access_token)).json.scope), sorted(CEILING[role]));
    });

  it('a viewer gets neither write:policies nor admin:all by any grant, body or parameter', async () => {
    const viewer = await server.addAccount();
    const identifier = viewer.email;
    const resource = `${server.issuer}/api`;
    const forbidden = /write:policies|admin:all/;
    const collected: Answer[] = [];

    for (const parameters of [
      { scope: `openid offline_access ${EVERYTHING}` },
      { scope: EVERYTHING },
      { scope: 'admin:all openid' },
      { scope: `openid offline_access ${EVERYTHING}`, resource },
      { scope: `openid ${EVERYTHING}`, prompt: 'consent', acr_values: 'aal1', role: 'admin' },
      { scope: `openid ${EVERYTHING}`, claims: '{"id_token":{"role":{"value":"admin"}}}' },
      { scope: `openid ${EVERYTHING}`, authorization_details: '[{"type":"admin:all"}]' },
    ]) {
      for (const body of [
        {},
        { scope: EVERYTHING },
        { scope: 'admin:all', resource },
        { role: 'admin', aud: resource, sub: 'x' },
      ] as Record<string, string>[]) {
        const authorized = await client.authorize(new CookieBrowser(), { identifier }, parameters);
        const exchanged = await client.exchange(authorized, body);
        collected.push(exchanged);
        if (!exchanged.json.refresh_token) continue;
        for (const scope of ['admin:all', EVERYTHING, `openid ${EVERYTHING}`, 'write:policies'])
          collected.push(await client.refresh(exchanged.json.refresh_token, { scope, resource }));
        collected.push(await client.refresh(exchanged.json.refresh_token, { role: 'admin' }));
      }
    }
    for (const grant of [
      'client_credentials',
      'password',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ])
      collected.push(
        await client.token({
          grant_type: grant,
          scope: EVERYTHING,
          username: identifier,
          password: 'x',
          assertion: 'x',
          subject_token: 'x',
        }),
      );

    const issued = collected.filter(({ status }) => status === 200);
    assert.ok(issued.length > 20);
    for (const { json } of issued) {
      const claims = decodeJwt(String(json.access_token));
      assert.doesNotMatch(JSON.stringify([json.scope, claims]), forbidden);
      assert.equal(claims.role, 'viewer');
      assert.doesNotMatch(JSON.stringify((await client.introspect(json.access_token)).json), forbidden);
    }
  });

  it('a viewer is not even asked for what they cannot give', async () => {
    const viewer = await server.addAccount();
    const browser = new CookieBrowser();
    let page = await client.request(browser, { scope: `openid ${EVERYTHING}` });
    page = await browser.submit(page, '/password', { identifier: viewer.email, password: 'correct-horse-battery-staple-9' });
    assert.match(page.html, /See interactions/);
    assert.doesNotMatch(page.html, /administrator|policies|people of your/);
  });

  it('a client hands over no more than it is registered for, whoever signs in', async () => {
    const modest = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK], scope: 'read:interactions' }));
    const admin = await server.addAccount({ role: 'admin' });
    const tokens = await tokensOf(modest, { identifier: admin.email }, { parameters: { scope: `openid ${EVERYTHING}` } });
    assert.equal(tokens.scope, 'read:interactions');
  });

  it('a promotion gives nothing that was not asked for and allowed', async () => {
    const person = await server.addAccount();
    const tokens = await tokensOf(client, { identifier: person.email }, { parameters: { scope: `openid offline_access ${EVERYTHING}` } });
    await server.house.accounts.setRole(person, 'admin', { requestId: 'test', ip: 'test' });
    const refreshed = await client.refresh(tokens.refresh_token);
    assert.equal(refreshed.json.scope, 'read:interactions');
  });
});
