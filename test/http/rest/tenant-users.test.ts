import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { logIn, serviceToken } from '../../support/tenant-api.ts';

const USERS = '/api/v1/users';
const SETTINGS = {
  ...MANY_ADDRESSES,
  GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
  GATEHOUSE_DEMO: 'on',
  GATEHOUSE_LIMITS__API_TENANT: '{"limit":10000,"window":60}',
};

const shown = ({ id, email, role, tenantId }: Account) => ({ id, email, display_name: email, role, tenant_id: tenantId });

describe('the users of a tenant', () => {
  let server: TestServer;
  let admin: Account;
  let token: string;
  before(async () => {
    server = await startServer(SETTINGS);
    admin = await server.addAccount({ role: 'admin' });
    token = await logIn(server, admin);
  });
  after(() => server[Symbol.asyncDispose]());

  const change = (id: string, role: string, as = token) =>
    call(server, { method: 'PATCH', path: `${USERS}/${id}`, body: { role }, token: as });
  const remove = (id: string, as = token) => call(server, { method: 'DELETE', path: `${USERS}/${id}`, token: as });

  let others = 0;
  async function stranger(): Promise<Account> {
    const other = await server.house.tenants.create({ slug: `other-${++others}`, name: 'Other' }, ORIGIN);
    return await server.addAccount({ tenantId: other.id });
  }

  it('are listed page by page, each once, those of other tenants never', async () => {
    const foreign = await stranger();
    for (let made = 0; made < 5; made++) await server.addAccount();
    const seen: string[] = [];
    let after = '';
    do {
      const { status, json } = await call(server, { path: `${USERS}?limit=2${after && `&after=${after}`}`, token });
      assert.equal(status, 200);
      const users = json.users as readonly { id: string }[];
      assert.ok(users.length <= 2);
      seen.push(...users.map(({ id }) => id));
      after = (json.next_cursor as string | null) ?? '';
    } while (after);
    assert.ok(seen.length >= 6);
    assert.equal(new Set(seen).size, seen.length);
    assert.ok(seen.includes(admin.id) && !seen.includes(foreign.id));
    for (const limit of ['0', '501', '-1', 'x', '1e1', '']) {
      const { status, json } = await call(server, { path: `${USERS}?limit=${limit}`, token });
      assert.equal(status, 400, limit);
      assert.match(String(json.error), /whole number from 1 to 500/);
    }
  });

  it('see themselves at /users/me', async () => {
    const { status, json } = await call(server, { path: `${USERS}/me`, token });
    assert.equal(status, 200);
    assert.deepEqual(json, shown(admin));
    const service = await call(server, { path: `${USERS}/me`, token: await serviceToken(server, 'read:users admin:all') });
    assert.deepEqual([service.status, service.json.error], [403, 'Insufficient permissions'], 'a service is nobody');
  });

  it('come by an invitation: a mail with a link that sets the password, once', async () => {
    const { status, json } = await call(server, { path: `${USERS}/invite`, body: { email: 'bob@acme.fr', role: 'viewer' }, token });
    assert.equal(status, 201);
    const bob = await server.house.accounts.resolve('bob@acme.fr');
    assert.deepEqual(json, shown(bob));
    assert.equal(bob.tenantId, server.tenant.id);
    const [mail] = server.house.mailbox?.list() ?? [];
    assert.equal(mail?.to, 'bob@acme.fr');
    const [, secret = ''] = new RegExp(`${server.issuer}/password/(\\S+)`).exec(mail.text) ?? [];
    assert.ok(await server.house.accounts.usePasswordLink(secret, 'purple-elephants-read-maps-4', ORIGIN));
    assert.equal(await server.house.accounts.usePasswordLink(secret, 'purple-elephants-read-maps-5', ORIGIN), undefined);
    const taken = await call(server, { path: `${USERS}/invite`, body: { email: 'BOB@acme.fr', role: 'admin' }, token });
    assert.deepEqual([taken.status, taken.json.error], [409, 'That email is taken.']);
  });

  it('[security 92] an address with CR or LF in it is refused, and no mail goes out', async () => {
    const before = server.house.mailbox?.list().length;
    for (const email of [
      'eve@acme.fr\r\nBcc: all@acme.fr',
      'eve@acme.fr\nBcc: all@acme.fr',
      'eve\r@acme.fr',
      'eve@acme.fr\0',
      'Eve <eve@acme.fr>',
    ]) {
      const { status } = await call(server, { path: `${USERS}/invite`, body: { email, role: 'viewer' }, token });
      assert.equal(status, 400, JSON.stringify(email));
    }
    assert.equal(server.house.mailbox?.list().length, before);
    const named = await server.addAccount({ role: 'admin', displayName: 'Al: x' });
    await server.house.storage.accounts.update(named.tenantId, named.id, (old) => ({ ...old, displayName: 'Al\r\nBcc: all@acme.fr' }));
    await call(server, { path: `${USERS}/invite`, body: { email: 'carl@acme.fr', role: 'viewer' }, token: await logIn(server, named) });
    const [mail] = server.house.mailbox?.list() ?? [];
    assert.equal(mail?.to, 'carl@acme.fr');
    assert.doesNotMatch(mail.subject, /[\r\n]/);
    assert.doesNotMatch(mail.text, /^Bcc:/m);
  });

  it('[security 90] the link in the mail goes to the configured issuer, whatever the request says of its host', async () => {
    const headers = { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test;proto=http', 'x-forwarded-proto': 'http' };
    await call(server, { path: `${USERS}/invite`, body: { email: 'dora@acme.fr', role: 'viewer' }, token, headers });
    const [mail] = server.house.mailbox?.list() ?? [];
    assert.equal(mail?.to, 'dora@acme.fr');
    assert.ok(mail.text.includes(`${server.issuer}/password/`) && !mail.text.includes('evil.test'));
  });

  it('get another role, which counts at once for tokens they have', async () => {
    const vera = await server.addAccount();
    const theirs = await logIn(server, vera);
    assert.equal((await call(server, { path: USERS, token: theirs })).status, 403);
    const { status, json } = await change(vera.id, 'operator');
    assert.equal(status, 200);
    assert.deepEqual(json, { ...shown(vera), role: 'operator' });
    assert.equal((await call(server, { path: USERS, token: theirs })).status, 200);
    assert.equal((await change(vera.id, 'king')).status, 400);
    const { json: log } = await call(server, { path: `/api/v1/audit-log?account=${vera.id}&type=account.changed`, token });
    const [event] = log.events as readonly { detail: JsonObject }[];
    assert.deepEqual(event?.detail, { by: admin.id, role: 'operator', before: 'viewer' }, 'the log tells who did it');
  });

  it('are deleted, tokens and all', async () => {
    const vera = await server.addAccount();
    const theirs = await logIn(server, vera);
    const { status, text } = await remove(vera.id);
    assert.deepEqual([status, text], [204, '']);
    assert.equal((await call(server, { path: `${USERS}/me`, token: theirs })).json.error, 'Invalid token');
    assert.equal((await remove(vera.id)).status, 404);
  });

  it('neither demote nor delete themselves', async () => {
    assert.equal((await change(admin.id, 'viewer')).status, 403);
    assert.equal((await remove(admin.id)).status, 403);
    assert.equal((await change(admin.id, 'admin')).status, 200, 'what is so already may be said');
    assert.equal((await server.house.accounts.resolve(admin.id)).role, 'admin');
  });

  it('leave super-administrators to each other, and those to no service', async () => {
    const [first, second] = [
      await server.addAccount({ role: 'admin', superAdministrator: true }),
      await server.addAccount({ role: 'admin', superAdministrator: true }),
    ];
    const service = await serviceToken(server, 'admin:all');
    for (const as of [token, service]) {
      for (const { status, json } of [await change(first.id, 'viewer', as), await remove(first.id, as)])
        assert.deepEqual([status, json.error], [403, 'Only a super-administrator changes a super-administrator.']);
    }
    const superToken = await logIn(server, first);
    assert.equal((await change(second.id, 'operator', superToken)).status, 200);
    assert.equal((await remove(second.id, superToken)).status, 204);
  });

  it('of another tenant are not there: 404, as for an id that nobody has', async () => {
    const foreign = await stranger();
    for (const answer of [await change(foreign.id, 'viewer'), await remove(foreign.id)]) {
      assert.equal(answer.status, 404);
      assert.equal(answer.json.error, `There is no user ${foreign.id} in your organisation.`);
    }
    assert.equal((await remove('00000000-0000-0000-0000-000000000010')).status, 404);
    assert.ok(await server.house.accounts.resolve(foreign.id));
  });

  it('[security 108] take nothing else from a body: a role, a tenant or a flag of their own is a 400', async () => {
    const vera = await server.addAccount();
    const extras: readonly JsonObject[] = [
      { superAdministrator: true },
      { tenant_id: 'x' },
      { emailVerified: true },
      { email: 'x@acme.fr' },
    ];
    for (const extra of extras) {
      const body = { role: 'viewer', ...extra };
      assert.equal((await call(server, { method: 'PATCH', path: `${USERS}/${vera.id}`, body, token })).status, 400);
      if (!('email' in extra))
        assert.equal((await call(server, { path: `${USERS}/invite`, body: { ...body, email: 'x@acme.fr' }, token })).status, 400);
      const login = { email: vera.email, password: PASSWORD, ...extra };
      if (!('email' in extra)) assert.equal((await call(server, { path: '/api/v1/auth/login', body: login })).status, 400);
    }
    assert.deepEqual(await server.house.accounts.resolve(vera.id), vera);
  });
});
