import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { issueToken } from '../../support/callers.ts';
import { MANY_ADDRESSES } from '../../support/rest-client.ts';
import { type Placed, routesOf, send } from '../../support/route-calls.ts';
import { ORIGIN, startServer } from '../../support/start-server.ts';

const SETTINGS = {
  ...MANY_ADDRESSES,
  GATEHOUSE_DEMO: 'on',
  GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
  // So that the examples of the documentation are not too far away.
  GATEHOUSE_LIFETIMES__PRIVATE_TOKEN_MAX: '315360000',
};

/** Their examples hold a password, code or token that is nobody's, or are about an authenticator app or identity provider that is not there. */
const NEEDS_A_SECRET = [
  'DELETE /api/me/totp',
  'DELETE /api/users/{id}',
  'DELETE /api/users/{id}/totp',
  'DELETE /api/v1/users/{id}/identities/{identity}',
  'GET /api/auth/oidc/authorize',
  'GET /api/auth/oidc/callback',
  'GET /authenticate/signin',
  'POST /api/auth/oidc/exchange',
  'POST /api/login',
  'POST /api/login/totp',
  'POST /api/me/totp/confirm',
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/token',
  'POST /authenticate/refresh',
  'POST /authenticate/signin',
  'POST /nx/code-login',
  'POST /nx/login',
  'POST /nx/logout',
  'POST /nx/plugin-login',
  'POST /nx/tokens',
  'POST /nx/totp',
];

/** Whatever is there is looked at before it is taken away. */
const deletesLast = (a: Placed, b: Placed) => Number(a.route.method === 'delete') - Number(b.route.method === 'delete');

describe('the requests that the documentation shows', () => {
  it('are answered as it says: with a status it knows, and a body that fits', async () => {
    await using server = await startServer(SETTINGS);
    const { house, tenant } = server;
    const admin = await server.addAccount({ role: 'admin' });
    const other = await server.addAccount();
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
    const asAdmin = async () => ({ authorization: `Bearer ${await issueToken(server, admin)}`, 'content-type': 'application/json' });
    const make = async (path: string, body: object) => {
      const { text } = await send(server, { method: 'POST', path, headers: await asAdmin(), body: JSON.stringify(body) });
      return String(JSON.parse(text).id);
    };
    const privateToken = await make('/api/v1/auth/private-tokens', { name: 'Export', expires_at: '2027-01-31T00:00:00Z' });
    const policy = await make('/api/v1/policies', { name: 'A', category: 'secret', action: 'block' });
    const idFor = (path: string) => {
      if (path.startsWith('/user/')) return admin.id;
      if (path.startsWith('/organisation/')) return tenant.id;
      if (path.startsWith('/license/')) return licence.id;
      if (path.startsWith('/api/v1/providers/')) return 'acme-sso';
      if (path.includes('private-tokens')) return privateToken;
      return path.includes('policies') ? policy : other.id;
    };

    const refused: string[] = [];
    const wrong: string[] = [];
    for (const { name, route, path, documented } of routesOf(server).toSorted(deletesLast)) {
      const { status, text } = await send(server, {
        method: route.method.toUpperCase(),
        path: path.replace(/\{\w+\}/, idFor(path)),
        headers: route.access === 'open' ? { 'content-type': 'application/json' } : await asAdmin(),
        body: route.body && JSON.stringify(route.bodyExample),
      });
      if (status >= 500 || !documented.has(status)) wrong.push(`${name}: ${status} ${text.slice(0, 200)}`);
      const answer = route.answers[status];
      if (!answer) {
        refused.push(name);
        continue;
      }
      const parsed = answer.schema?.safeParse(JSON.parse(text));
      if (parsed ? !parsed.success : text !== '') wrong.push(`${name}: ${status} ${parsed?.error?.message ?? 'has a body'}`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(refused.toSorted(), NEEDS_A_SECRET);
  });
});
