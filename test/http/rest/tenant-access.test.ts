import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';
import { logIn, serviceToken } from '../../support/tenant-api.ts';

const SETTINGS = {
  ...MANY_ADDRESSES,
  GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
  GATEHOUSE_DEMO: 'on',
  GATEHOUSE_LIMITS__API_TENANT: '{"limit":10000,"window":60}',
};

type Who = 'viewer' | 'operator' | 'admin' | 'read:interactions' | 'write:policies' | 'read:users' | 'admin:all';

const PEOPLE = ['viewer', 'operator', 'admin'] as const;
const SERVICES = ['read:interactions', 'write:policies', 'read:users', 'admin:all'] as const;

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** The weakest role, and the scopes of a service that will do. */
  readonly role: (typeof PEOPLE)[number];
  readonly scopes: readonly Who[];
}

const NOBODY = '00000000-0000-0000-0000-000000000099';
const POLICY = { name: 'No secrets', category: 'secret', action: 'block' };

/** The documentation's section on roles, by endpoint and method; ids are of nobody, so that a call that is let in changes nothing (404). */
const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/interactions', role: 'viewer', scopes: ['read:interactions', 'admin:all'] },
  {
    method: 'POST',
    path: '/interactions/batch',
    body: { interactions: [{ user: 'alice@acme.fr', application: 'ChatGPT', verdict: 'allowed' }] },
    role: 'admin',
    scopes: ['admin:all'],
  },
  { method: 'GET', path: '/policies', role: 'viewer', scopes: ['write:policies', 'admin:all'] },
  { method: 'GET', path: `/policies/${NOBODY}`, role: 'viewer', scopes: ['write:policies', 'admin:all'] },
  { method: 'POST', path: '/policies', body: POLICY, role: 'admin', scopes: ['write:policies', 'admin:all'] },
  { method: 'PUT', path: `/policies/${NOBODY}`, body: POLICY, role: 'admin', scopes: ['write:policies', 'admin:all'] },
  { method: 'DELETE', path: `/policies/${NOBODY}`, role: 'admin', scopes: ['write:policies', 'admin:all'] },
  { method: 'POST', path: '/classification/classify', body: { text: 'Hello' }, role: 'admin', scopes: ['admin:all'] },
  { method: 'GET', path: '/users', role: 'operator', scopes: ['read:users', 'admin:all'] },
  { method: 'GET', path: '/users/me', role: 'viewer', scopes: [] },
  { method: 'POST', path: '/users/invite', body: { email: 'no address', role: 'viewer' }, role: 'admin', scopes: [] },
  { method: 'PATCH', path: `/users/${NOBODY}`, body: { role: 'viewer' }, role: 'admin', scopes: ['admin:all'] },
  { method: 'DELETE', path: `/users/${NOBODY}`, role: 'admin', scopes: ['admin:all'] },
  { method: 'GET', path: '/audit-log', role: 'admin', scopes: ['admin:all'] },
];

describe('who may call what of the tenant API', () => {
  let server: TestServer;
  let viewer: Account;
  const tokens = new Map<Who, string>();
  before(async () => {
    server = await startServer(SETTINGS);
    for (const role of PEOPLE) {
      const account = await server.addAccount({ role });
      if (role === 'viewer') viewer = account;
      tokens.set(role, await logIn(server, account));
    }
    for (const scope of SERVICES) tokens.set(scope, await serviceToken(server, scope));
  });
  after(() => server[Symbol.asyncDispose]());

  const ask = ({ method, path, body }: Endpoint, token?: string) =>
    call(server, { method, path: `/api/v1${path}`, token, ...(body !== undefined && { body }) });

  for (const endpoint of ENDPOINTS) {
    it(`[security 108] ${endpoint.method} ${endpoint.path}`, async () => {
      for (const token of [undefined, 'x.y.z']) {
        const { status, text } = await ask(endpoint, token);
        assert.deepEqual([status, text], [401, '{"error":"Invalid token"}']);
      }
      for (const role of PEOPLE) {
        const { status, json } = await ask(endpoint, tokens.get(role));
        const enough = PEOPLE.indexOf(role) >= PEOPLE.indexOf(endpoint.role);
        if (enough) assert.ok(![401, 403].includes(status) && status < 500, `${role}: ${status}`);
        else {
          assert.equal(status, 403, role);
          assert.equal(json.error, `Insufficient permissions. This action requires ${endpoint.role} role.`);
        }
      }
      for (const scope of SERVICES) {
        const { status, text } = await ask(endpoint, tokens.get(scope));
        if (endpoint.scopes.includes(scope)) assert.ok(![401, 403].includes(status) && status < 500, `${scope}: ${status}`);
        else assert.deepEqual([status, text], [403, '{"error":"Insufficient permissions"}'], scope);
      }
    });
  }

  it('says what the documentation says to a viewer who attempts an administrator’s action', async () => {
    const { status, text } = await call(server, { path: '/api/v1/policies', body: POLICY, token: tokens.get('viewer') });
    assert.equal(status, 403);
    assert.equal(text, '{"error":"Insufficient permissions. This action requires admin role."}');
  });

  it('is 404 for other paths and 405 for other methods, in JSON', async () => {
    const missing = await call(server, { path: '/api/v1/dashboard', token: tokens.get('admin') });
    assert.deepEqual([missing.status, missing.json.error], [404, 'There is no /api/v1/dashboard here.']);
    const method = await call(server, { method: 'DELETE', path: '/api/v1/interactions', token: tokens.get('admin') });
    assert.deepEqual([method.status, method.headers.get('allow')], [405, 'GET']);
  });

  it('takes a second factor first from whoever’s role asks for one', async () => {
    await using strict = await startServer(MANY_ADDRESSES);
    const admin = await strict.addAccount({ role: 'admin' });
    const { status, json } = await call(strict, { path: '/api/v1/users', token: await logIn(strict, admin) });
    assert.equal(status, 403);
    assert.match(String(json.error), /two-factor authentication/);
  });

  it('tells of what happened, newest first, by type and by user, page by page, and of other tenants never', async () => {
    const read = (query: string) => call(server, { path: `/api/v1/audit-log${query}`, token: tokens.get('admin') });
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const foreign = await server.addAccount({ tenantId: other.id });
    await logIn(server, foreign);

    const { json } = await read('?type=login.succeeded');
    const events = json.events as readonly { id: number; type: string; account_id: string; at: string; ip: string }[];
    assert.ok(events.length >= 3 && events.every(({ type }) => type === 'login.succeeded'));
    assert.ok(events.every(({ account_id }) => account_id !== foreign.id));
    assert.deepEqual(
      events.map(({ id }) => id),
      events.map(({ id }) => id).toSorted((a, b) => b - a),
    );
    const [first] = events;
    assert.ok(first && !Number.isNaN(Date.parse(first.at)) && /^198\.18\./.test(first.ip));

    const theirs = (await read(`?account=${viewer.id}&type=login.succeeded`)).json;
    assert.equal((theirs.events as readonly unknown[]).length, 1);
    assert.equal(theirs.next_cursor, null);
    assert.deepEqual((await read(`?account=${foreign.id}`)).json.events, []);

    const page = (await read('?type=login.succeeded&limit=1')).json;
    assert.equal(page.next_cursor, first.id);
    const next = (await read(`?type=login.succeeded&limit=1&before=${page.next_cursor}`)).json;
    assert.equal((next.events as readonly { id: number }[])[0]?.id, events[1]?.id);
    for (const bad of [
      '?type=everything',
      '?before=9999999999999999',
      '?before=x',
      '?limit=1000',
      '?since=1',
      '?type=login.failed&type=login.succeeded',
    ])
      assert.equal((await read(bad)).status, 400, bad);
  });
});
