import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { identityId } from '../../../src/domain/federation/identity.ts';
import type { ProviderSettings } from '../../../src/domain/federation/provider-settings.ts';
import { providerId } from '../../../src/domain/federation/upstream-provider.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';
import { logIn, serviceToken } from '../../support/tenant-api.ts';
import { startTestProvider, type TestProvider } from '../../support/test-provider.ts';

const PROVIDERS = '/api/v1/providers';
const CORP: ProviderSettings = { id: 'corp', preset: 'oidc', issuer: 'https://id.corp.example', client_id: 'us', client_secret: 'hush' };

describe('the identity providers of a tenant', () => {
  let server: TestServer;
  let there: TestProvider;
  let admin: Account;
  let token: string;
  let superToken: string;
  before(async () => {
    there = await startTestProvider();
    server = await startServer({
      ...MANY_ADDRESSES,
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]',
      GATEHOUSE_FEDERATION__PROVIDERS: JSON.stringify([
        { id: 'ours', preset: 'google', client_id: 'us', client_secret: 'hush', tenant: 'main' },
        { id: 'everybody', preset: 'gitlab', client_id: 'us', client_secret: 'hush' },
      ]),
    });
    admin = await server.addAccount({ role: 'admin' });
    token = await logIn(server, admin);
    superToken = await logIn(server, await server.addAccount({ role: 'admin', superAdministrator: true }));
    await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    await server.house.providers.create({ ...CORP, id: 'for-all', name: 'For all' }, ORIGIN);
    await server.house.providers.create({ ...CORP, id: 'foreign', tenant: 'other' }, ORIGIN);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
  });

  const ask = (method: string, path = '', body?: unknown, as = token) => call(server, { method, path: PROVIDERS + path, body, token: as });

  it('are made, shown, changed and removed, their secrets kept in', async () => {
    const made = await ask('POST', '', { ...CORP, home_domains: ['Corp.example'], ends_session: true });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(
      [made.json.id, made.json.tenant, made.json.name, made.json.has_secret, made.json.redirect_uri, made.json.ends_session],
      ['corp', 'main', 'id.corp.example', true, `${server.issuer}/federation/corp/callback`, true],
    );
    assert.deepEqual((await ask('GET', '/corp')).json, made.json);
    const changed = await ask('PATCH', '/corp', { name: 'Corp', client_secret: 'secret-of-now', enabled: false });
    assert.deepEqual(
      [changed.status, changed.json.name, changed.json.enabled, changed.json.home_domains],
      [200, 'Corp', false, ['corp.example']],
    );
    const byKey = await ask('PATCH', '/corp', { authentication: 'private_key_jwt' });
    assert.equal(byKey.json.has_secret, false);
    const listed = await ask('GET');
    const ids = (listed.json.providers as readonly { id: string }[]).map(({ id }) => id);
    assert.deepEqual(ids, ['ours', 'everybody', 'for-all', 'corp']);
    for (const { text } of [made, changed, byKey, listed]) assert.doesNotMatch(text, /hush|secret-of-now|sealed/);
    const [event] = await server.house.storage.audit.list({ type: 'provider.changed', limit: 1 });
    assert.equal(event?.detail.by, admin.id);
    assert.deepEqual([(await ask('DELETE', '/corp')).status, (await ask('GET', '/corp')).status], [204, 404]);
  });

  it('say what will not do', async () => {
    for (const [body, status, words] of [
      [{ ...CORP, issuer: 'http://id.corp.example' }, 400, /issuer: an https address/],
      [{ ...CORP, client_secret: null }, 400, /There is no client secret/],
      [{ ...CORP, role_map: { king: 'x' } }, 400, /There is no king here/],
      [{ ...CORP, id: 'for-all' }, 409, /That provider id is taken/],
      [{ ...CORP, tenant: 'other' }, 404, /“other” is not your organisation/],
      [{ ...CORP, tenant: 'nowhere' }, 404, /“nowhere” is not your organisation/],
    ] as const) {
      const { status: said, json } = await ask('POST', '', body);
      assert.deepEqual([said, words.test(String(json.error))], [status, true], String(json.error));
    }
    for (const body of [{ id: 'x' }, { preset: 'google' }, { tenant: null }, {}])
      assert.equal((await ask('PATCH', '/for-all', body)).status, 400);
  });

  it('of another tenant are not there; those for all are for a super-administrator to change, in person', async () => {
    const service = await serviceToken(server, 'admin:all');
    for (const [method, path, body] of [
      ['GET', '/foreign', undefined],
      ['PATCH', '/foreign', { name: 'Mine' }],
      ['DELETE', '/foreign', undefined],
      ['POST', '/foreign/test', undefined],
      ['POST', '/foreign/explain', { claims: {} }],
    ] as const)
      for (const as of [token, superToken]) assert.equal((await ask(method, path, body, as)).status, 404, `${method} ${path}`);
    assert.equal((await ask('GET', '/for-all')).json.tenant, null);
    for (const as of [token, service])
      for (const [method, path, body] of [
        ['PATCH', '/for-all', { name: 'Mine' }],
        ['DELETE', '/for-all', undefined],
        ['POST', '', { ...CORP, tenant: null }],
      ] as const)
        assert.equal((await ask(method, path, body, as)).status, 403, `${method} ${path}`);
    assert.equal((await ask('PATCH', '/for-all', { name: 'Everywhere' }, superToken)).json.name, 'Everywhere');
    const made = await ask('POST', '', { ...CORP, tenant: null, id: 'second' }, superToken);
    assert.deepEqual([made.status, made.json.tenant], [201, null]);
    assert.equal((await ask('DELETE', '/second', undefined, superToken)).status, 204);
  });

  it('are for people to set up: a service, which could become anybody by one of its own, only looks at them', async () => {
    const service = await serviceToken(server, 'admin:all');
    await ask('POST', '', { ...CORP, id: 'looked-at' });
    for (const path of ['', '/looked-at']) assert.equal((await ask('GET', path, undefined, service)).status, 200);
    for (const [method, path, body] of [
      ['POST', '', { ...CORP, id: 'trap' }],
      ['PATCH', '/looked-at', { issuer: there.issuer, client_secret: 'x' }],
      ['POST', '/looked-at/test', undefined],
      ['DELETE', '/looked-at', undefined],
    ] as const)
      assert.equal((await ask(method, path, body, service)).status, 403, `${method} ${path}`);
    assert.equal((await ask('GET', '/looked-at')).json.issuer, CORP.issuer);
  });

  it('have no say over the session API, which is one for all tenants', async () => {
    assert.equal((await ask('POST', '', { ...CORP, id: 'oidc', issuer: there.issuer })).status, 201);
    const { status, headers } = await call(server, { path: '/api/auth/oidc/authorize' });
    assert.deepEqual([status, headers.get('location')], [404, null]);
    assert.equal((await ask('DELETE', '/oidc')).status, 204);
  });

  it('of the configuration are shown, and changed there alone', async () => {
    const { status, json } = await ask('GET', '/ours');
    assert.deepEqual([status, json.configured, json.created_at], [200, true, null]);
    for (const [method, body] of [
      ['PATCH', { name: 'x' }],
      ['DELETE', undefined],
    ] as const)
      assert.match(String((await ask(method, '/ours', body)).json.error), /stands in the configuration\. Change it there\./);
    assert.equal((await ask('DELETE', '/everybody', undefined, superToken)).status, 400);
  });

  it('are tested in words, a few times a minute', async () => {
    await ask('POST', '', { ...CORP, id: 'near', issuer: there.issuer });
    const { status, json } = await ask('POST', '/near/test');
    const findings = json.findings as readonly { what: string; fine: boolean; message: string }[];
    assert.deepEqual(
      [status, findings.map(({ what, fine }) => `${what} ${fine}`)],
      [200, ['discovery true', 'clock true', 'keys true', 'client true']],
    );
    const asked = there.asked.discovery;
    const statuses: number[] = [];
    for (let tries = 0; tries < 10; tries++) statuses.push((await ask('POST', '/near/test')).status);
    assert.deepEqual(statuses, [...Array(9).fill(200), 429]);
    assert.equal(there.asked.discovery, asked + 9);
    const { headers } = await ask('POST', '/near/test', undefined, superToken);
    assert.deepEqual(
      [headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining'), Number(headers.get('retry-after')) > 0],
      ['10', '0', true],
    );
  });

  it('tell who a user is there, and are unlinked from them, but for the only way in', async () => {
    const { identities } = server.house.storage;
    await ask('POST', '', { ...CORP, id: 'linked', name: 'Linked' });
    const person = await server.addAccount({ password: undefined });
    let seconds = 0;
    const link = async (subject: string, account = person) => {
      const { id: accountId, tenantId } = account;
      const id = identityId(randomUUID());
      const who = { issuer: 'https://id.corp.example', subject, label: `${subject}@corp.example`, providerId: providerId('linked') };
      await identities.create({ ...who, id, accountId, tenantId, linkedAt: new Date(1000 * seconds++), lastSignInAt: undefined });
      return id;
    };
    const [first, second] = [await link('one'), await link('two')];
    const path = `/api/v1/users/${person.id}/identities`;
    const { json } = await call(server, { path, token });
    const [shown] = json.identities as readonly object[];
    assert.deepEqual(shown, {
      id: first,
      provider: 'linked',
      provider_name: 'Linked',
      issuer: 'https://id.corp.example',
      subject: 'one',
      label: 'one@corp.example',
      usable: true,
      linked_at: '1970-01-01T00:00:00.000Z',
      last_sign_in_at: null,
    });
    const unlink = (id: string, at = path) => call(server, { method: 'DELETE', path: `${at}/${id}`, token });
    assert.deepEqual([(await unlink(first)).status, (await unlink(first)).status], [204, 404]);
    const last = await unlink(second);
    assert.deepEqual([last.status, /Linked is the only way into this account/.test(String(last.json.error))], [400, true]);
    const above = await server.addAccount({ role: 'admin', superAdministrator: true });
    const theirs = await link('three', above);
    assert.equal((await unlink(theirs, `/api/v1/users/${above.id}/identities`)).status, 403);
    assert.equal((await unlink(theirs)).status, 404, 'of somebody else');
  });

  it('explain what claims become', async () => {
    await ask('POST', '', { ...CORP, id: 'mapped', claims: { role: 'realm.roles' }, role_map: { admin: ['root'] } });
    const explain = async (claims: object) => (await ask('POST', '/mapped/explain', { claims })).json;
    assert.deepEqual(await explain({ email: 'ada@corp.example', email_verified: 'true', groups: ['a'], realm: { roles: ['x', 'root'] } }), {
      email: 'ada@corp.example',
      email_verified: true,
      username: null,
      name: null,
      groups: ['a'],
      role: 'admin',
      tenant: null,
    });
    assert.equal((await explain({})).role, 'none');
    assert.equal((await ask('POST', '/mapped/explain', { claims: ['x'] })).status, 400);
  });
});
