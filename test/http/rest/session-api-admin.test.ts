import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { codeAt } from '../../support/authenticator.ts';
import { call, MANY_ADDRESSES, type RestCall } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { serviceToken } from '../../support/tenant-api.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const WITHOUT_SECOND_FACTOR = { ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' };
const NOBODY = '00000000-0000-4000-8000-000000000000';

const login = async (server: TestServer, username: string, from?: string): Promise<string> => {
  const body = { username, password: PASSWORD };
  return String((await call(server, { path: '/api/login', body, ...(from && { from }) })).json.token);
};

async function arrange(env: Record<string, string> = WITHOUT_SECOND_FACTOR) {
  const server = await startServer(env);
  const admin = await server.addAccount({ username: 'admin', role: 'admin' });
  const token = await login(server, 'admin');
  const ask = (asked: Omit<RestCall, 'token'>) => call(server, { token, ...asked });
  return { server, admin, token, ask };
}

const shown = ({ id, username, email, role, disabled, createdAt }: Account) => ({
  id,
  username: username ?? email,
  email,
  role,
  disabled,
  created_at: createdAt.toISOString(),
});

describe('the session API: administering people', () => {
  it('lists the people of the tenant, page by page', async () => {
    const { server, admin, ask } = await arrange();
    await using _server = server;
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    await server.addAccount({ tenantId: other.id });
    const people = [admin, await server.addAccount(), await server.addAccount({ username: 'olga', role: 'operator' })].toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    const all = await ask({ path: '/api/users' });
    assert.deepEqual(all.json, { users: people.map(shown), next_cursor: null });
    const first = await ask({ path: '/api/users?limit=2' });
    const rest = await ask({ path: `/api/users?limit=2&after=${first.json.next_cursor}` });
    assert.deepEqual([...(first.json.users as JsonObject[]), ...(rest.json.users as JsonObject[])], people.map(shown));
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'limit=1&limit=2', 'sort=email'])
      assert.equal((await ask({ path: `/api/users?${query}` })).status, 400, query);
  });

  it('adds somebody with a password, who signs in, or without one, who gets a mail', async () => {
    const { server, ask } = await arrange({ ...WITHOUT_SECOND_FACTOR, GATEHOUSE_DEMO: 'on', GATEHOUSE_MAIL__TRANSPORT: 'captured' });
    await using _server = server;
    const person = { username: 'bob', email: 'bob@example.com', role: 'operator' };
    const added = await ask({ path: '/api/users', body: { ...person, password: 'purple-elephants-read-maps-4' } });
    assert.deepEqual([added.status, added.json], [201, { ...added.json, ...person, disabled: false }]);
    const session = await call(server, { path: '/api/login', body: { username: 'bob', password: 'purple-elephants-read-maps-4' } });
    assert.deepEqual([session.status, session.json.role], [200, 'operator']);

    for (const [body, status] of [
      [{ ...person, email: 'bob2@example.com', password: PASSWORD }, 409],
      [{ ...person, username: 'bob2', password: PASSWORD }, 409],
      [{ username: 'eve', email: 'eve@example.com', password: 'short', role: 'viewer' }, 400],
      [{ username: 'eve@x', email: 'eve@example.com', role: 'viewer' }, 400],
      [{ username: 'eve', email: 'not an address', role: 'viewer' }, 400],
      [{ username: 'eve', email: 'eve@example.com', role: 'root' }, 400],
      [{ username: 'eve', email: 'eve@example.com', role: 'viewer', superAdministrator: true }, 400],
      [{ username: 'eve', email: 'eve@example.com', role: 'viewer', tenantId: 'other' }, 400],
    ] as const) {
      const refused = await ask({ path: '/api/users', body });
      assert.deepEqual([refused.status, typeof refused.json.error], [status, 'string'], JSON.stringify(body));
    }

    const invited = await ask({ path: '/api/users', body: { username: 'carol', email: 'carol@example.com', role: 'viewer' } });
    assert.deepEqual([invited.status, invited.json.username], [201, 'carol']);
    const carol = await server.house.accounts.resolve('carol');
    assert.equal(carol.passwordHash, undefined);
    const mails = server.house.mailbox?.list().map(({ to }) => to);
    assert.deepEqual(mails, ['carol@example.com']);
  });

  it('changes a role at once, and lets people in and out', async () => {
    const { server, ask } = await arrange();
    await using _server = server;
    const { id } = await server.addAccount({ username: 'bob' });
    const token = await login(server, 'bob');
    const path = `/api/users/${id}`;
    const change = async (body: object) => await ask({ method: 'PATCH', path, body });
    assert.equal((await change({ role: 'admin' })).json.role, 'admin');
    assert.equal((await call(server, { path: '/api/users', token })).status, 200, 'with the token they had');
    const out = await change({ role: 'viewer', disabled: true });
    assert.deepEqual([out.status, out.json.role, out.json.disabled], [200, 'viewer', true]);
    assert.equal((await call(server, { path: '/api/me', token })).status, 401);
    assert.equal((await change({ disabled: false })).json.disabled, false);
    assert.equal((await call(server, { path: '/api/me', token })).status, 401, 'what ended stays ended');
    assert.equal((await call(server, { path: '/api/me', token: await login(server, 'bob') })).status, 200);
    assert.deepEqual((await change({})).json.role, 'viewer');
    assert.deepEqual((await ask({ method: 'DELETE', path })).json, { status: 'ok' });
    assert.equal((await ask({ method: 'DELETE', path })).status, 404);
  });

  it('turns the second factor of somebody off who lost it', async () => {
    const { server, ask } = await arrange();
    await using _server = server;
    const bob = await server.addAccount({ username: 'bob' });
    const token = await login(server, 'bob');
    const { secret } = (await call(server, { method: 'POST', path: '/api/me/totp', token })).json;
    await call(server, { path: '/api/me/totp/confirm', token, body: { code: await codeAt(server, String(secret)) } });
    assert.equal(await login(server, 'bob'), 'undefined', 'a code is asked for');
    const path = `/api/users/${bob.id}/totp`;
    assert.deepEqual((await ask({ method: 'DELETE', path })).json, { status: 'ok' });
    assert.equal((await ask({ method: 'DELETE', path })).status, 404);
    assert.match(await login(server, 'bob'), /^[0-9a-f]{64}$/);
  });

  it('lets nobody change themselves, a super-administrator, or people of another tenant', async () => {
    const { server, admin, ask } = await arrange();
    await using _server = server;
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const stranger = await server.addAccount({ tenantId: other.id });
    const chief = await server.addAccount({ username: 'chief', role: 'admin', superAdministrator: true });
    const acts = (id: string): readonly Omit<RestCall, 'token'>[] => [
      { method: 'PATCH', path: `/api/users/${id}`, body: { role: 'viewer' } },
      { method: 'PATCH', path: `/api/users/${id}`, body: { disabled: true } },
      { method: 'DELETE', path: `/api/users/${id}` },
      { method: 'DELETE', path: `/api/users/${id}/totp` },
    ];
    for (const [id, status] of [
      [admin.id, 403],
      [chief.id, 403],
      [stranger.id, 404],
      [NOBODY, 404],
      ['%00', 400],
    ] as const) {
      for (const act of acts(id)) assert.equal((await ask(act)).status, status, `${act.method} ${act.path} ${JSON.stringify(act.body)}`);
    }
    const { accounts } = server.house.storage;
    for (const { tenantId, id, role } of [admin, chief, stranger]) {
      const now = await accounts.find(tenantId, id);
      assert.deepEqual([now?.role, now?.disabled], [role, false]);
    }
    const chiefToken = await login(server, 'chief');
    const second = await server.addAccount({ username: 'second', role: 'admin', superAdministrator: true });
    const demoted = await call(server, { method: 'PATCH', path: `/api/users/${second.id}`, body: { role: 'viewer' }, token: chiefToken });
    assert.equal(demoted.status, 200);
  });
});

describe('the session API: audit log and settings', () => {
  it('shows the audit log of the tenant, newest first', async () => {
    const { server, admin, ask } = await arrange();
    await using _server = server;
    await server.house.audit.record({ type: 'account.changed', origin: ORIGIN, tenantId: 'another-tenant' });
    await call(server, { path: '/api/login', body: { username: 'admin', password: 'wrong' } });
    const { json, text } = await ask({ path: '/api/audit?limit=2' });
    const [newest, older] = json.events as JsonObject[];
    assert.deepEqual([newest?.type, newest?.account_id, older?.type], ['login.failed', admin.id, 'login.succeeded']);
    assert.equal(json.next_cursor, older?.id);
    assert.ok(!text.includes('another-tenant'));
    const before = await ask({ path: `/api/audit?before=${json.next_cursor}&limit=500` });
    assert.ok((before.json.events as JsonObject[]).every(({ id }) => Number(id) < Number(json.next_cursor)));
    assert.equal(before.json.next_cursor, null);
    const failed = await ask({ path: `/api/audit?type=login.failed&account=${admin.id}` });
    assert.deepEqual(
      (failed.json.events as JsonObject[]).map(({ id }) => id),
      [newest?.id],
    );
    for (const query of ['type=nothing', 'before=-1', 'before=x', 'limit=1000'])
      assert.equal((await ask({ path: `/api/audit?${query}` })).status, 400, query);
  });

  it('changes settings, and shuts nobody out who asks for it', async () => {
    const { server, ask } = await arrange();
    await using _server = server;
    const start = await ask({ path: '/api/settings' });
    assert.deepEqual(start.json, { name: server.tenant.name, registration_open: true, allowed_addresses: [] });
    const change = (body: object, from = '203.0.113.7') => ask({ method: 'PATCH', path: '/api/settings', body, from });
    assert.deepEqual((await change({ name: 'Acme', registration_open: false })).json, {
      name: 'Acme',
      registration_open: false,
      allowed_addresses: [],
    });
    const refused = await change({ allowed_addresses: ['192.0.2.0/24'] });
    assert.deepEqual(
      [refused.status, refused.json],
      [400, { error: 'Your own address, 203.0.113.7, is not among them: you would shut yourself out.' }],
    );
    for (const body of [
      { allowed_addresses: ['nowhere'] },
      { name: '' },
      { name: 'x'.repeat(61) },
      { slug: 'acme' },
      { disabled: true },
      { registration_open: 'yes' },
    ])
      assert.equal((await change(body)).status, 400, JSON.stringify(body));
    assert.deepEqual((await change({ allowed_addresses: ['203.0.113.0/24'] })).json.allowed_addresses, ['203.0.113.0/24']);
    const outside = await ask({ path: '/api/settings', from: '192.0.2.1' });
    assert.deepEqual([outside.status, outside.json], [403, { error: 'Requests from this address are not allowed.' }]);
    assert.equal(await login(server, 'admin', '192.0.2.1'), 'undefined');
    assert.deepEqual((await change({ allowed_addresses: [] })).json.allowed_addresses, []);
    assert.equal((await ask({ path: '/api/settings', from: '192.0.2.1' })).status, 200);
  });
});

describe('the session API: who may do what', () => {
  const ROUTES: readonly (Omit<RestCall, 'token'> & { readonly path: string })[] = [
    { path: '/api/users' },
    { path: '/api/users', body: {} },
    { method: 'PATCH', path: `/api/users/${NOBODY}`, body: {} },
    { method: 'DELETE', path: `/api/users/${NOBODY}` },
    { method: 'DELETE', path: `/api/users/${NOBODY}/totp` },
    { path: '/api/audit' },
    { path: '/api/settings' },
    { method: 'PATCH', path: '/api/settings', body: {} },
  ];

  it('lets administrators alone administer, by whatever token of their own', async () => {
    const { server, admin } = await arrange();
    await using _server = server;
    await server.addAccount({ username: 'bob' });
    await server.addAccount({ username: 'olga', role: 'operator' });
    const weak = [await login(server, 'bob'), await login(server, 'olga')];
    const { CloudRefreshToken, PrivateToken, ...own } = await issueEveryKind(server.house, admin);
    for (const route of ROUTES) {
      const name = `${route.method ?? ''} ${route.path}`;
      for (const token of weak) {
        const refused = await call(server, { ...route, token });
        assert.deepEqual([refused.status, refused.json], [403, { error: 'This takes the role admin.' }], name);
      }
      for (const token of [undefined, CloudRefreshToken, `${PrivateToken}x`])
        assert.equal((await call(server, { ...route, token })).status, 401, name);
      for (const token of [...Object.values(own), await login(server, 'admin')]) {
        const { status } = await call(server, { ...route, token });
        assert.ok([200, 400, 404].includes(status), `${name}: ${status}`);
      }
      const byPrivateToken = await call(server, { ...route, token: PrivateToken });
      assert.equal(byPrivateToken.status === 403, route.path.endsWith('/totp'), name);
    }
  });

  it('lets a service with admin:all administer, but touch nobody’s second factor', async () => {
    const { server } = await arrange();
    await using _server = server;
    const [all, some] = [await serviceToken(server, 'admin:all'), await serviceToken(server, 'read:users write:policies')];
    for (const path of ['/api/users', '/api/audit', '/api/settings']) {
      assert.equal((await call(server, { path, token: all })).status, 200, path);
      const refused = await call(server, { path, token: some });
      assert.deepEqual([refused.status, refused.json], [403, { error: 'This takes one of the scopes admin:all.' }], path);
    }
    const bob = await server.addAccount();
    assert.equal((await call(server, { method: 'DELETE', path: `/api/users/${bob.id}/totp`, token: all })).status, 403);
    const away = await call(server, { method: 'POST', path: '/api/logout', token: all });
    assert.deepEqual(
      [away.status, away.json],
      [403, { error: `This token is ended by its application, at ${server.issuer}/oauth/revoke.` }],
    );
    assert.equal((await call(server, { path: '/api/me', token: all })).status, 403);
  });
});
