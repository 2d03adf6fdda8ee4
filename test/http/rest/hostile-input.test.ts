import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { fingerprintsOf } from '../../../src/move-instance.ts';
import { issueToken } from '../../support/callers.ts';
import { type Hostile, hostileBodies, hostileParameters, hostileQueries } from '../../support/hostile-input.ts';
import { MANY_ADDRESSES } from '../../support/rest-client.ts';
import { forEachCall, type Placed, routesOf, send } from '../../support/route-calls.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const SETTINGS = {
  ...MANY_ADDRESSES,
  GATEHOUSE_DEMO: 'on',
  GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
  GATEHOUSE_LIMITS__API_TENANT: '{"limit":1000000,"window":60}',
  GATEHOUSE_LIFETIMES__PRIVATE_TOKEN_MAX: '315360000',
};

/** An administrator calls, who may do everything, about things that are there: what goes wrong is the input alone. */
describe('hostile input, on every route', () => {
  let server: TestServer;
  let admin: Account;
  let token: string;
  let ids: Readonly<Record<string, string>>;

  before(async () => {
    server = await startServer(SETTINGS);
    const { house, tenant } = server;
    // The people of the demo are made while it starts; its page waits for them.
    await send(server, { method: 'GET', path: '/demo' });
    admin = await server.addAccount({ role: 'admin' });
    token = await issueToken(server, admin);
    const victim = await server.addAccount({ role: 'viewer' });
    const licence = await house.licences.create(
      {
        tenantId: tenant.id,
        key: 'KEY-1',
        agreement: { name: 'Basic', kind: 'edge', provides: ['a'] },
        startsAt: new Date('2026-01-01T00:00:00Z'),
        expiresAt: new Date('2036-01-01T00:00:00Z'),
      },
      ORIGIN,
    );
    const privateToken = await house.houseTokens.issue({
      kind: 'PrivateToken',
      account: admin,
      secondFactor: false,
      name: 'Export',
      expiresAt: new Date(Date.now() + 3_600_000),
    });
    ids = {
      '/user/{uuid}': admin.id,
      '/organisation/{uuid}': tenant.id,
      '/license/{uuid}': licence.id,
      '/api/v1/auth/private-tokens/{id}': privateToken?.token.id ?? '',
      '/api/v1/auth/private-tokens/{id}/rotate': privateToken?.token.id ?? '',
      '/api/v1/users/{id}': victim.id,
      '/api/users/{id}': victim.id,
      '/api/users/{id}/totp': victim.id,
    };
  });
  after(() => server[Symbol.asyncDispose]());

  async function attack({ route, path, documented }: Placed, { name, body, type = 'application/json', query, parameter }: Hostile) {
    const address = path.replaceAll(/\{\w+\}/g, parameter ?? ids[path] ?? '00000000-0000-4000-8000-000000000099');
    const sent = body ?? (route.body ? JSON.stringify(route.bodyExample) : undefined);
    const { status, text } = await send(server, {
      method: route.method.toUpperCase(),
      path: query === undefined ? address : `${address}?${query}`,
      headers: {
        ...(route.access !== 'open' && { authorization: `Bearer ${token}` }),
        ...(sent !== undefined && type !== '' && { 'content-type': type }),
      },
      body: sent,
    });
    // Nobody else's information is theirs to change, whatever stands there.
    if (parameter !== undefined && path === '/user/{uuid}' && status === 403) return [];
    const refused = status >= 400 && status < 500 && (status !== 401 || route.access === 'open') && status !== 403;
    const told = refused && documented.has(status);
    return told ? [] : [`${route.method} ${path}, ${name}: ${status}${refused ? ' is not documented' : ''} ${text.slice(0, 100)}`];
  }

  for (const [what, inputs] of [
    ['bodies', hostileBodies],
    ['queries', hostileQueries],
    ['parameters of the path', hostileParameters],
  ] as const)
    it(`${what} are refused in the words of the surface, and change nothing`, async () => {
      // The people of the demo are made when somebody first looks.
      assert.equal((await fetch(`${server.issuer}/demo`)).status, 200);
      const before = await fingerprintsOf(server.house.storage);
      const wrong: string[] = [];
      const attacks = routesOf(server).flatMap((placed) => inputs(placed.route).map((hostile) => ({ placed, hostile })));
      assert.ok(attacks.length > 100, `${attacks.length} attacks`);
      await forEachCall(attacks, async ({ placed, hostile }) => {
        wrong.push(...(await attack(placed, hostile)));
      });
      assert.deepEqual(wrong, []);
      assert.deepEqual({ ...(await fingerprintsOf(server.house.storage)), 'audit entries': '' }, { ...before, 'audit entries': '' });
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    });
});
