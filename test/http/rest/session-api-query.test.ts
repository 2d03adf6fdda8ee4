import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { serviceToken } from '../../support/tenant-api.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const login = async (server: TestServer, username: string) =>
  String((await call(server, { path: '/api/login', body: { username, password: PASSWORD } })).json.token);
const ticketOf = async (server: TestServer, token: string) =>
  String((await call(server, { method: 'POST', path: '/api/stream/ticket', token })).json.ticket);

/** The status of a stream, which is left at once. */
async function open(server: TestServer, query: string, token?: string): Promise<number> {
  const leave = new AbortController();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { status } = await fetch(`${server.issuer}/api/stream?${query}`, { headers, signal: leave.signal });
  leave.abort();
  return status;
}

describe('the session API: a token in the address', () => {
  it('takes a session token on every path, and nothing else [security 104]', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const operator = await server.addAccount({ username: 'olga', role: 'operator' });
    const token = await login(server, 'olga');
    const me = await call(server, { path: `/api/me?token=${token}` });
    assert.deepEqual([me.status, me.json], [200, { username: 'olga', role: 'operator' }]);
    assert.equal(me.headers.get('cache-control'), 'no-store');
    assert.equal(me.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(await open(server, `token=${token}`), 200);
    assert.equal((await call(server, { method: 'POST', path: `/api/stream/ticket?token=${token}` })).status, 200);

    const { SessionToken: _session, ...others } = await issueEveryKind(server.house, operator);
    const oauth = await serviceToken(server, 'admin:all');
    for (const [kind, value] of Object.entries({ ...others, oauth, garbage: 'garbage', empty: '', upper: token.toUpperCase() })) {
      const refused = await call(server, { path: `/api/me?token=${encodeURIComponent(value)}` });
      assert.equal(refused.status, 400, kind);
      assert.ok(!refused.text.includes(value) || value === '', kind);
    }
    assert.equal((await call(server, { path: `/api/me?token=${token}&token=${token}` })).status, 400);
    assert.equal((await call(server, { path: `/api/me?token=${'0'.repeat(64)}` })).status, 401);
    assert.equal((await call(server, { path: `/api/v1/users/me?token=${token}` })).status, 401, 'the tenant API takes none');
    assert.equal((await call(server, { method: 'POST', path: `/api/logout?token=${token}` })).status, 200);
    assert.equal((await call(server, { path: `/api/me?token=${token}` })).status, 401);
  });

  it('looks at the header alone where there is one', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    await server.addAccount({ username: 'admin', role: 'admin' });
    await server.addAccount({ username: 'bob' });
    const [admin, bob] = [await login(server, 'admin'), await login(server, 'bob')];
    for (const authorization of ['Bearer', 'Bearer ', 'Basic YTpi', `Bearer ${'0'.repeat(64)}`, `Bearer ${admin} x`, `Token ${admin}`]) {
      const refused = await call(server, { path: `/api/me?token=${admin}`, headers: { authorization } });
      assert.equal(refused.status, 401, authorization);
    }
    assert.equal((await call(server, { path: `/api/users?token=${admin}`, token: bob })).status, 403);
    assert.equal((await call(server, { path: `/api/users?token=${bob}`, token: admin })).status, 200);
    assert.equal((await call(server, { path: `/api/users?token=${admin}&limit=1` })).status, 200);
  });
});

describe('the session API: tickets', () => {
  it('opens one stream, of many that try at the same time [security 104]', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'olga', role: 'operator' });
    const token = await login(server, 'olga');
    const answer = await call(server, { method: 'POST', path: '/api/stream/ticket', token });
    assert.deepEqual([answer.status, answer.json], [200, { ticket: answer.json.ticket, expires_in: 30 }]);
    const ticket = String(answer.json.ticket);
    const statuses = await Promise.all(Array.from({ length: 4 }, () => open(server, `token=${ticket}`)));
    assert.deepEqual(statuses.toSorted(), [200, 401, 401, 401]);
    assert.equal(await open(server, `token=${ticket}`), 401);
  });

  it('is good for the stream alone, for 30 seconds, and ends with its session', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const olga = await server.addAccount({ username: 'olga', role: 'operator' });
    const token = await login(server, 'olga');
    const ticket = await ticketOf(server, token);
    assert.equal((await call(server, { path: `/api/me?token=${ticket}` })).status, 400);
    assert.equal((await call(server, { path: '/api/me', token: ticket })).status, 401);
    assert.equal(await open(server, '', ticket), 401);
    assert.equal(await open(server, `token=${ticket}`), 200, 'none of those used it up');

    const late = await ticketOf(server, token);
    server.clock.advance(31);
    assert.equal(await open(server, `token=${late}`), 401);

    const ended = await ticketOf(server, token);
    await call(server, { method: 'POST', path: '/api/logout', token });
    assert.equal(await open(server, `token=${ended}`), 401);

    const disabled = await ticketOf(server, await login(server, 'olga'));
    await server.house.accounts.setDisabled(olga, true, ORIGIN);
    assert.equal(await open(server, `token=${disabled}`), 401);
  });

  it('is for people who signed in and may watch', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'bob' });
    const olga = await server.addAccount({ username: 'olga', role: 'operator' });
    const { PrivateToken } = await issueEveryKind(server.house, olga);
    const refused = [await login(server, 'bob'), PrivateToken, await serviceToken(server, 'admin:all')];
    for (const token of refused) assert.equal((await call(server, { method: 'POST', path: '/api/stream/ticket', token })).status, 403);
    const demoted = await ticketOf(server, await login(server, 'olga'));
    await server.house.accounts.setRole(olga, 'viewer', ORIGIN);
    assert.equal(await open(server, `token=${demoted}`), 403);
  });

  it('is all that an address may hold, where the operator wants it so', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_SESSION_API__QUERY: 'tickets' });
    await server.addAccount({ username: 'olga', role: 'operator' });
    const token = await login(server, 'olga');
    for (const path of ['/api/me', '/api/stream']) {
      const refused = await call(server, { path: `${path}?token=${token}` });
      assert.deepEqual([refused.status, typeof refused.json.error], [400, 'string'], path);
    }
    assert.equal(await open(server, `token=${await ticketOf(server, token)}`), 200);
    assert.equal(await open(server, '', token), 200);
  });
});
