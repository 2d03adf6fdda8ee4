import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { bearer, readStream, watchEvents } from '../../support/event-source.ts';
import { eventually } from '../../support/eventually.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { serviceToken } from '../../support/tenant-api.ts';

const PROMISED_MS = 5000;

const login = async (server: TestServer, username: string) =>
  String((await call(server, { path: '/api/login', body: { username, password: PASSWORD } })).json.token);
const operator = (server: TestServer, username = 'olga') => server.addAccount({ username, role: 'operator' });
const ticketOf = async (server: TestServer, token: string) =>
  String((await call(server, { method: 'POST', path: '/api/stream/ticket', token })).json.ticket);
const happen = (server: TestServer, name: string, tenantId: string = server.tenant.id) =>
  server.house.audit.record({ type: 'account.changed', origin: ORIGIN, tenantId, accountId: name });

describe('the session API: the stream of security events', () => {
  it('shows an EventSource what happens in its tenant, and nothing else', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    const token = await login(server, 'olga');
    using watcher = await watchEvents(`${server.issuer}/api/stream?token=${token}`, ['login.failed', 'account.changed']);
    await happen(server, 'somebody-elsewhere', 'another-tenant');
    const refused = await call(server, {
      path: '/api/login',
      body: { username: 'olga', password: 'wrong-password' },
      from: '203.0.113.20',
    });
    assert.equal(refused.status, 401);
    const event = await watcher.waitFor('login.failed');
    assert.deepEqual([event.data.type, event.data.ip, event.data.detail], ['login.failed', '203.0.113.20', { reason: 'password' }]);
    assert.equal(String(event.data.id), event.id);
    await happen(server, 'here');
    await watcher.waitFor('account.changed');
    assert.deepEqual(
      watcher.seen.map(({ data }) => data.accountId ?? data.account_id),
      [event.data.account_id, 'here'],
    );
    assert.ok(!JSON.stringify(watcher.seen).includes('wrong-password'));
  });

  it('is opened by a ticket, and goes on after the last event that was seen', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    const token = await login(server, 'olga');
    const address = async (query = '') => `${server.issuer}/api/stream?token=${await ticketOf(server, token)}${query}`;
    const types = ['account.changed'];
    const seen: string[] = [];
    {
      using watcher = await watchEvents(await address(), types);
      await happen(server, 'first');
      seen.push((await watcher.waitFor('account.changed')).id);
    }
    await happen(server, 'second');
    await happen(server, 'third');
    using again = await watchEvents(await address(`&last_event_id=${seen[0]}`), types);
    await again.waitFor('account.changed', ({ data }) => data.account_id === 'third');
    assert.deepEqual(
      again.seen.map(({ data }) => data.account_id),
      ['second', 'third'],
    );
  });

  it('begins with the id to resume at, and the header counts for more than the query', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    const token = await login(server, 'olga');
    const first = await readStream(server, bearer(token));
    assert.equal(first.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.equal(first.response.headers.get('x-accel-buffering'), 'no');
    assert.equal(first.response.headers.get('cache-control'), 'no-store');
    const [, id] = await eventually(async () => /^retry: 3000\nid: (\d+)\n\n/.exec(first.text()) ?? undefined);
    first.leave();
    await happen(server, 'meanwhile');
    const second = await readStream(server, { ...bearer(token), 'last-event-id': String(id) }, '?last_event_id=999999999999999');
    await eventually(async () => second.text().includes('"account_id":"meanwhile"'));
    second.leave();
    for (const odd of ['x', '-1', '1e3', '99999999999999999'])
      assert.equal((await call(server, { path: `/api/stream?last_event_id=${odd}`, token })).status, 400, odd);
    assert.equal((await call(server, { path: '/api/stream', token, headers: { 'last-event-id': 'x' } })).status, 400);
  });

  it('[security 108] tells operators no more of the past than a broken connection may have missed, administrators all of it', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    await operator(server);
    await server.addAccount({ username: 'ada', role: 'admin' });
    await happen(server, 'long-ago');
    server.clock.advance(301);
    await happen(server, 'lately');
    for (const [name, told] of [
      ['olga', false],
      ['ada', true],
    ] as const) {
      const stream = await readStream(server, { ...bearer(await login(server, name)), 'last-event-id': '0' });
      await eventually(async () => stream.text().includes('"account_id":"lately"'));
      assert.equal(stream.text().includes('"account_id":"long-ago"'), told, name);
      stream.leave();
    }
  });

  it('tells of a gap when more happened than it goes back', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    const token = await login(server, 'olga');
    await Promise.all(Array.from({ length: 1300 }, (_, index) => happen(server, `n${index}`)));
    const stream = await readStream(server, { ...bearer(token), 'last-event-id': '1' });
    await eventually(async () => /\nevent: gap\n/.test(stream.text()) && stream.text().includes('"n1299"'));
    await happen(server, 'after');
    await eventually(async () => stream.text().includes('"account_id":"after"'));
    const ids = [...stream.text().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)).slice(1);
    assert.equal(new Set(ids).size, ids.length, 'nothing is told twice');
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => a - b),
    );
    assert.ok(ids.length >= 1000 && ids.length < 1300, String(ids.length));
    assert.equal(stream.text().split('event: gap').length, 2);
    stream.leave();
  });

  it('is for operators and up, and for applications that may do everything', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'bob' });
    const refused = await call(server, { path: '/api/stream', token: await login(server, 'bob') });
    assert.deepEqual([refused.status, refused.json], [403, { error: 'This takes the role operator.' }]);
    assert.equal((await call(server, { path: '/api/stream' })).status, 401);
    assert.equal((await call(server, { path: '/api/stream', token: await serviceToken(server, 'read:users') })).status, 403);
    const service = await readStream(server, bearer(await serviceToken(server, 'admin:all')));
    assert.equal(service.response.status, 200);
    const head = await call(server, { method: 'HEAD', path: '/api/stream', token: await serviceToken(server, 'admin:all') });
    assert.deepEqual([head.status, head.headers.get('allow')], [405, 'GET']);
    await eventually(async () => service.text().startsWith('retry: '));
    service.leave();
  });

  const endings: Readonly<Record<string, (server: TestServer, olga: Account, token: string) => Promise<unknown>>> = {
    logout: (server, _olga, token) => call(server, { method: 'POST', path: '/api/logout', token }),
    demotion: ({ house }, olga) => house.accounts.setRole(olga, 'viewer', ORIGIN),
    disabling: ({ house }, olga) => house.accounts.setDisabled(olga, true, ORIGIN),
    removal: ({ house }, olga) => house.accounts.remove(olga, ORIGIN),
    expiry: async ({ clock }) => clock.advance(24 * 3600 + 1),
    'an address list': ({ house, tenant }) => house.tenants.update(tenant, { allowedAddresses: ['192.0.2.1'] }, ORIGIN),
    'the end of its tenant': ({ house, tenant }) => house.tenants.update(tenant, { disabled: true }, ORIGIN),
  };
  for (const [name, act] of Object.entries(endings)) {
    it(`is closed within five seconds by ${name}, whether a token or a ticket opened it`, async () => {
      await using server = await startServer(MANY_ADDRESSES);
      const olga = await operator(server);
      const token = await login(server, 'olga');
      const streams = [await readStream(server, bearer(token)), await readStream(server, {}, `?token=${await ticketOf(server, token)}`)];
      for (const { response } of streams) assert.equal(response.status, 200);
      await act(server, olga, token);
      const late = AbortSignal.timeout(PROMISED_MS);
      await Promise.race([Promise.all(streams.map(({ over }) => over)), once(late, 'abort').then(() => assert.fail('it is still open'))]);
    });
  }

  it('keeps to five streams for one person', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    await operator(server, 'otto');
    const [olga, otto] = [await login(server, 'olga'), await login(server, 'otto')];
    const streams = [];
    for (let count = 0; count < 5; count++) streams.push(await readStream(server, bearer(olga)));
    const refused = await call(server, { path: '/api/stream', token: olga });
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '10']);
    const other = await readStream(server, bearer(otto));
    assert.equal(other.response.status, 200);
    other.leave();
    streams[0]?.leave();
    const next = await eventually(async () => {
      const stream = await readStream(server, bearer(olga));
      return stream.response.status === 200 && stream;
    });
    for (const { leave } of [...streams, next]) leave();
  });

  it('drops a reader that takes nothing', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await operator(server);
    const token = await login(server, 'olga');
    const { hostname, port, host } = new URL(server.issuer);
    const reader = connect({ host: hostname, port: Number(port) });
    reader.write(`GET /api/stream HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    await once(reader, 'readable');
    reader.on('error', () => undefined);
    const others: Awaited<ReturnType<typeof readStream>>[] = [];
    for (let count = 0; count < 4; count++) others.push(await readStream(server, bearer(token)));
    assert.equal((await call(server, { path: '/api/stream', token })).status, 429);
    // More than what the system keeps for a connection.
    const filling = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`member${index}`, 'x'.repeat(200)]));
    for (let round = 0; round < 4; round++) {
      const about = { type: 'account.changed', origin: ORIGIN, tenantId: server.tenant.id, detail: filling } as const;
      await Promise.all(Array.from({ length: 500 }, () => server.house.audit.record(about)));
      await happen(server, `round ${round}`);
      await eventually(async () => others.every(({ text }) => text().includes(`"round ${round}"`)));
    }
    const freed = await eventually(async () => {
      const stream = await readStream(server, bearer(token));
      return stream.response.status === 200 && stream;
    });
    for (const { leave } of [...others, freed]) leave();
    reader.destroy();
  });
});
