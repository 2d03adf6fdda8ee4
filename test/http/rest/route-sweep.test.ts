import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RouteAccess } from '../../../src/http/rest/route.ts';
import { fingerprintsOf } from '../../../src/move-instance.ts';
import { type Caller, issueToken, type KnownCaller, knownCallers, unknownCallers } from '../../support/callers.ts';
import { MANY_ADDRESSES } from '../../support/rest-client.ts';
import { MATRIX, type Row } from '../../support/role-matrix.ts';
import { forEachCall, type Placed, routesOf, type ShortAnswer, send } from '../../support/route-calls.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const SETTINGS = { ...MANY_ADDRESSES, GATEHOUSE_DEMO: 'on', GATEHOUSE_LIMITS__API_TENANT: '{"limit":1000000,"window":60}' };

const NOBODY = '00000000-0000-4000-8000-000000000099';

/** Routes that end the token they are called with: one of the OAuth engine is ended at the engine, which is told with a 403. */
const ENDS_ITS_TOKEN = new Set(['POST /api/logout', 'POST /authenticate/signout', 'GET /authenticate/signout']);

type Verdict = 'refused' | 'let in';

/** What a route says of itself, read a second time. */
function byAccess(access: RouteAccess, { role, kind, scopes }: KnownCaller): Verdict {
  if (access === 'open') return 'let in';
  const weakest = ['viewer', 'operator', 'admin'].indexOf(access.role);
  const held = ['viewer', 'operator', 'admin'].indexOf(role ?? '');
  const needsPerson = access.person === true;
  const allowed = {
    own: held >= weakest,
    private: held >= weakest && !access.signedIn,
    oauth: access.scopes.some((scope) => scopes.includes(scope)),
    service: access.scopes.some((scope) => scopes.includes(scope)) && !needsPerson,
  };
  return allowed[kind] ? 'let in' : 'refused';
}

/** What the documents say. */
function byMatrix(row: Row, { role, kind, scopes }: KnownCaller): Verdict {
  if (row.role === 'open') return 'let in';
  if (kind === 'service' && !row.service) return 'refused';
  if (kind === 'oauth' || kind === 'service') return row.scopes.some((scope) => scopes.includes(scope)) ? 'let in' : 'refused';
  if (kind === 'private' && !row.privateToken) return 'refused';
  const enough: Readonly<Record<string, readonly string[]>> = {
    viewer: ['viewer', 'operator', 'admin'],
    operator: ['operator', 'admin'],
    admin: ['admin'],
  };
  return enough[row.role]?.includes(role ?? '') ? 'let in' : 'refused';
}

/** Without a body, and about nobody: whoever is let in changes nothing. */
async function meet(server: TestServer, { route, path }: Placed, { account, authorization }: Caller): Promise<ShortAnswer> {
  const header = await authorization();
  return await send(server, {
    method: route.method.toUpperCase(),
    path: path.replaceAll(/\{\w+\}/g, path.startsWith('/user/') ? (account?.id ?? NOBODY) : NOBODY),
    headers: header === undefined ? {} : { authorization: header },
  });
}

function expected({ name }: Placed, caller: KnownCaller, verdict: Verdict, status: number): boolean {
  if (status >= 500 || status === 401) return false;
  if (verdict === 'let in' && caller.kind !== 'own' && caller.kind !== 'private' && ENDS_ITS_TOKEN.has(name)) return status === 403;
  return (status === 403) === (verdict === 'refused');
}

describe('every route and every kind of caller', () => {
  let server: TestServer;
  let routes: readonly Placed[];
  before(async () => {
    server = await startServer({ ...SETTINGS, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    routes = routesOf(server);
  });
  after(() => server[Symbol.asyncDispose]());

  it('has a row for each route, and no other', () => {
    assert.deepEqual(routes.map(({ name }) => name).toSorted(), Object.keys(MATRIX).toSorted());
  });

  it('turns a bad token away from whatever looks at one, with 401', async () => {
    const callers = await unknownCallers(server);
    const wrong: string[] = [];
    const pairs = routes.flatMap((placed) => callers.map((caller) => ({ placed, caller })));
    await forEachCall(pairs, async ({ placed, caller }) => {
      const { status, headers } = await meet(server, placed, caller);
      const guarded = placed.route.access !== 'open';
      // An open route may want a password, or the refresh token that it is called with.
      const right = guarded ? status === 401 && headers['www-authenticate'] !== undefined : status < 500 && status !== 403;
      if (!right) wrong.push(`${placed.name}, ${caller.name}: ${status}`);
      if (!placed.documented.has(status)) wrong.push(`${placed.name}, ${caller.name}: ${status} is not documented`);
    });
    assert.deepEqual(wrong, []);
  });

  it('lets in whom the documents let in, and answers 403 to everybody else', async () => {
    const callers = await knownCallers(server);
    assert.equal(callers.length, 7 + 4 + 4);
    const wrong: string[] = [];
    const pairs = routes.flatMap((placed) => callers.map((caller) => ({ placed, caller })));
    await forEachCall(pairs, async ({ placed, caller }) => {
      const row = MATRIX[placed.name];
      const verdict = row && byMatrix(row, caller);
      const said = byAccess(placed.route.access, caller);
      if (said !== verdict) wrong.push(`${placed.name}, ${caller.name}: should be ${verdict}, its access says ${said}`);
      const { status, text } = await meet(server, placed, caller);
      const open = placed.route.access === 'open';
      if (open ? status >= 500 || status === 403 : !expected(placed, caller, said, status))
        wrong.push(`${placed.name}, ${caller.name}: should be ${said}, got ${status} ${text.slice(0, 120)}`);
      if (!placed.documented.has(status)) wrong.push(`${placed.name}, ${caller.name}: ${status} is not documented`);
    });
    assert.deepEqual(wrong, []);
  });
});

describe('what belongs to another tenant', () => {
  it('is there for nobody, by whatever method', async () => {
    await using server = await startServer({
      ...SETTINGS,
      GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
      // So that the example of the documentation is not too far away.
      GATEHOUSE_LIFETIMES__PRIVATE_TOKEN_MAX: '315360000',
    });
    const { house, tenant } = server;
    const owner = await server.addAccount({ role: 'admin' });
    const other = await house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    const foreign = await server.addAccount({ tenantId: other.id, role: 'admin' });
    const own = { authorization: `Bearer ${await issueToken(server, owner)}`, 'content-type': 'application/json' };
    const made = async (path: string) => {
      const body = JSON.stringify(routesOf(server).find(({ name }) => name === `POST ${path}`)?.route.bodyExample);
      const { status, text } = await send(server, { method: 'POST', path, headers: own, body });
      assert.equal(status, 201, text);
      return JSON.parse(text) as { readonly id?: string; readonly UUID?: string };
    };
    const ids: Readonly<Record<string, string | undefined>> = {
      '/api/v1/users/{id}': owner.id,
      '/api/users/{id}': owner.id,
      '/api/users/{id}/totp': owner.id,
      '/user/{uuid}': owner.id,
      '/organisation/{uuid}': tenant.id,
      '/license/{uuid}': (await made('/license')).UUID,
      '/api/v1/policies/{id}': (await made('/api/v1/policies')).id,
      '/api/v1/providers/{id}': (await made('/api/v1/providers')).id,
      '/api/v1/auth/private-tokens/{id}': (await made('/api/v1/auth/private-tokens')).id,
    };
    // The people of the demo are made when somebody first looks.
    assert.equal((await fetch(`${server.issuer}/demo`)).status, 200);
    const before = await fingerprintsOf(house.storage);
    const about = routesOf(server).filter(({ path }) => path.includes('{'));
    assert.ok(about.length > 10);
    for (const { name, route, path } of about) {
      const id = ids[path] ?? ids[path.replace(/\/(rotate|test|explain|identities.*)$/, '')];
      assert.ok(id, path);
      const { status, text } = await send(server, {
        method: route.method.toUpperCase(),
        path: path.replace(/\{\w+\}/, id),
        headers: { authorization: `Bearer ${await issueToken(server, foreign, 'LoginToken')}`, 'content-type': 'application/json' },
        body: route.body && JSON.stringify(route.bodyExample),
      });
      assert.ok(status === 404 || (name === 'PATCH /user/{uuid}' && status === 403), `${name}: ${status} ${text}`);
      assert.ok(!text.includes(owner.email), name);
    }
    const { 'sessions, grants and tokens': _tokens, 'audit entries': _audit, ...kept } = await fingerprintsOf(house.storage);
    assert.deepEqual({ ...before, ...kept }, before);
  });
});

describe('an administrator who owes a second factor', () => {
  it('reaches what sets one up, and nothing else', async () => {
    await using server = await startServer(SETTINGS);
    const admin = await server.addAccount({ role: 'admin' });
    const caller: Caller = { name: 'admin', account: admin, authorization: async () => `Bearer ${await issueToken(server, admin)}` };
    const reached: string[] = [];
    await forEachCall(
      routesOf(server).filter(({ route }) => route.access !== 'open'),
      async (placed) => {
        const { status } = await meet(server, placed, caller);
        assert.ok(status < 500 && status !== 401, `${placed.name}: ${status}`);
        if (status !== 403) reached.push(placed.name);
      },
    );
    assert.deepEqual(reached.toSorted(), [
      'GET /api/me',
      'GET /authenticate/signout',
      'GET /global',
      'POST /api/logout',
      'POST /api/me/totp',
      'POST /api/me/totp/confirm',
      'POST /authenticate/signout',
      'POST /nx/logout',
      'POST /nx/tokens',
    ]);
  });
});
