import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { issueToken } from '../../support/callers.ts';
import { call, freshAddress, MANY_ADDRESSES, type RestAnswer } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const limits = (address: number, tenant: number) => ({
  GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
  GATEHOUSE_METRICS__LISTENER: 'shared',
  GATEHOUSE_LIMITS__API_ADDRESS: JSON.stringify({ limit: address, window: 60 }),
  GATEHOUSE_LIMITS__API_TENANT: JSON.stringify({ limit: tenant, window: 60 }),
});

const shown = ({ headers }: RestAnswer) => ({
  limit: Number(headers.get('x-ratelimit-limit') ?? Number.NaN),
  remaining: Number(headers.get('x-ratelimit-remaining') ?? Number.NaN),
  reset: Number(headers.get('x-ratelimit-reset') ?? Number.NaN),
});

function assertLimited(answer: RestAnswer, text: (seconds: string) => string): void {
  assert.equal(answer.status, 429, answer.text);
  const seconds = answer.headers.get('retry-after') ?? '';
  assert.match(seconds, /^[1-9]\d?$/);
  assert.ok(answer.text.includes(text(seconds)), `${answer.text} in ${seconds} s`);
}

describe('limits of the REST APIs', () => {
  let server: TestServer;
  let viewer: string;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, ...limits(4, 1000) });
    viewer = await issueToken(server, await server.addAccount({ role: 'viewer' }));
  });
  after(() => server[Symbol.asyncDispose]());

  it('are told in every answer of /api/v1, whatever it is', async () => {
    const big = { email: 'x'.repeat(100_000), password: 'x' };
    const answers: readonly (readonly [number, Promise<RestAnswer>])[] = [
      [200, call(server, { path: '/api/v1/users/me', token: viewer })],
      [200, call(server, { path: '/api/v1/users/me', token: viewer, method: 'HEAD' })],
      [200, call(server, { path: '/api/v1/auth/private-tokens', token: viewer })],
      [400, call(server, { path: '/api/v1/auth/login', body: {} })],
      [401, call(server, { path: '/api/v1/users' })],
      [401, call(server, { path: '/api/v1/users', headers: { authorization: 'Bearer' } })],
      [401, call(server, { path: '/api/v1/auth/login', body: { email: 'nobody@example.com', password: 'wrong' } })],
      [401, call(server, { path: '/api/v1/auth/private-tokens', token: 'wrong' })],
      [403, call(server, { path: '/api/v1/users', token: viewer })],
      [404, call(server, { path: '/api/v1/nothing', token: viewer })],
      [404, call(server, { path: '/api/v1/auth/nothing' })],
      [405, call(server, { path: '/api/v1/users', method: 'PUT', token: viewer })],
      [405, call(server, { path: '/api/v1/auth/private-tokens', method: 'PUT', token: viewer })],
      [405, call(server, { path: '/api/v1/users', method: 'OPTIONS' })],
      [413, call(server, { path: '/api/v1/auth/login', body: big })],
      [415, call(server, { path: '/api/v1/auth/login', body: {}, headers: { 'content-type': 'text/plain' } })],
    ];
    for (const [index, [status, answering]] of answers.entries()) {
      const answer = await answering;
      const { limit, remaining, reset } = shown(answer);
      assert.equal(answer.status, status, `${index}: ${answer.text}`);
      assert.ok(limit === 4 || limit === 5, `${index}: ${limit}`);
      assert.ok(remaining < limit && remaining >= 0, `${index}: ${remaining}`);
      const now = Date.now() / 1000;
      assert.ok(Number.isInteger(reset) && reset > now - 60 && reset < now + 62, `${index}: ${reset}`);
      assert.equal(answer.headers.get('retry-after'), null);
    }
  });

  it('end what one address may do, with the seconds in header and text', async () => {
    const from = freshAddress();
    for (const left of [3, 2, 1, 0]) {
      const answer = await call(server, { path: '/api/v1/users', from });
      assert.deepEqual([answer.status, shown(answer).limit, shown(answer).remaining], [401, 4, left]);
    }
    for (const path of ['/api/v1/users', '/api/v1/nothing']) {
      const answer = await call(server, { path, from, token: viewer });
      assertLimited(answer, (seconds) => `Rate limit exceeded. Please retry after ${seconds} seconds.`);
      assert.deepEqual([shown(answer).limit, shown(answer).remaining], [4, 0]);
    }
    assertLimited(await call(server, { path: '/api/v1/auth/private-tokens', from }), (seconds) => seconds);
    assertLimited(await call(server, { path: '/api/me', from }), (seconds) => seconds);
    assertLimited(await call(server, { path: '/global', from }), (seconds) => seconds);
    assert.equal((await call(server, { path: '/api/v1/users/me', token: viewer })).status, 200);
  });

  it('hold for no health check, and are not told there', async () => {
    const from = freshAddress();
    for (let count = 0; count < 5; count++) await call(server, { path: '/api/v1/users', from });
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/status/public'])
      for (let count = 0; count < 10; count++) {
        const answer = await call(server, { path, from, method: count % 2 === 0 ? 'GET' : 'HEAD' });
        assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 100)}`);
        assert.deepEqual(shown(answer), { limit: Number.NaN, remaining: Number.NaN, reset: Number.NaN });
      }
  });

  it('take all of an IPv6 /64, and every spelling of an address, for one', async () => {
    const spellings = [
      ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:0DB8:0001:0002::1', '2001:db8:1:2:0:0:0:2', '[2001:db8:1:2::7]:4711'],
      ['198.51.100.7', '::ffff:198.51.100.7', '::ffff:c633:6407', '198.51.100.7:4711', '198.51.100.7'],
    ];
    for (const same of spellings) {
      const statuses: number[] = [];
      for (const from of same) statuses.push((await call(server, { path: '/api/v1/users', from })).status);
      assert.deepEqual(statuses, [401, 401, 401, 401, 429], same.join());
    }
    assert.equal((await call(server, { path: '/api/v1/users', from: '2001:db8:1:3::1' })).status, 401);
  });
});

describe('the limit of a tenant', () => {
  it('counts over all addresses and people of it, and is told where it is nearer', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, ...limits(4, 6) });
    const tokens = [await issueToken(server, await server.addAccount()), await issueToken(server, await server.addAccount())];
    const told: (readonly [number, number, number])[] = [];
    let last: RestAnswer | undefined;
    for (let count = 0; count < 7; count++) {
      last = await call(server, { path: '/api/v1/users/me', token: tokens[count % 2] });
      told.push([last.status, shown(last).limit, shown(last).remaining]);
    }
    assert.deepEqual(told, [
      [200, 4, 3],
      [200, 4, 3],
      [200, 4, 3],
      [200, 6, 2],
      [200, 6, 1],
      [200, 6, 0],
      [429, 6, 0],
    ]);
    assert.ok(last);
    assertLimited(last, (seconds) => `Please retry after ${seconds} seconds.`);
    // Whoever brings no token of this tenant is none of its callers.
    assert.equal((await call(server, { path: '/api/v1/users/me' })).status, 401);
    const other = await server.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const elsewhere = await issueToken(server, await server.addAccount({ tenantId: other.id }));
    assert.equal((await call(server, { path: '/api/v1/users/me', token: elsewhere })).status, 200);
  });
});

describe('a client that says where it comes from', () => {
  it('is not believed unless it is a proxy we trust', async () => {
    await using server = await startServer(limits(4, 1000));
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) {
      const from = freshAddress();
      const headers = { forwarded: `for=${from}`, 'x-real-ip': from };
      statuses.push((await call(server, { path: '/api/v1/users', from, headers })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 429]);
  });

  it('counts as the proxy where what it says is no address', async () => {
    await using server = await startServer({ ...MANY_ADDRESSES, ...limits(4, 1000) });
    const statuses: number[] = [];
    for (const from of ['unknown', 'a, b', '999.1.1.1', '', '::g'])
      statuses.push((await call(server, { path: '/api/v1/users', from })).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 429]);
  });
});
