import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { HOUSE_TOKEN_KINDS, type HouseTokenKind } from '../../src/domain/tokens/house-token.ts';
import { basic, type ProtocolClient, post, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';
import { issueEveryKind } from '../support/token-kinds.ts';

const INACTIVE = { active: false };

const TOKEN_USE: Readonly<Record<HouseTokenKind, string>> = {
  LoginToken: 'login',
  ShortToken: 'short',
  PrivateToken: 'private',
  SessionToken: 'session',
  CloudAccessToken: 'cloud_access',
  CloudRefreshToken: 'cloud_refresh',
};

describe('introspection and revocation of the tokens of the REST surfaces', () => {
  let server: TestServer;
  let account: Account;
  let administrator: ProtocolClient;
  let strangers: Readonly<Record<string, ProtocolClient>>;

  before(async () => {
    server = await startServer(MANY_ADDRESSES);
    account = await server.addAccount({ role: 'operator' });
    administrator = await protocolClient(server, await server.addClient('service', { scope: 'admin:all' }));
    const tenant = await server.house.tenants.ensure({ slug: 'other', name: 'Other' }, ORIGIN);
    const metadata = { client_name: 'Foreign', scope: 'admin:all' };
    const foreign = await server.house.clients.create({ tenantId: tenant.id, type: 'service', metadata }, ORIGIN);
    const addresses = { scope: 'admin:all', allowed_addresses: ['203.0.113.0/24'] };
    strangers = {
      'a service of another tenant': await protocolClient(server, foreign),
      'a service that may not do everything': await protocolClient(server, await server.addClient('service', { scope: 'read:users' })),
      'a service that is somewhere else than it may be': await protocolClient(server, await server.addClient('service', addresses)),
      'an application of the tenant': await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] })),
    };
  });
  after(() => server[Symbol.asyncDispose]());

  const everySurface = () => ['/api/v1/users/me', '/api/v1/auth/private-tokens', '/api/me', `/user/${account.id}`];
  const bearers = (kind: HouseTokenKind) => (kind === 'CloudRefreshToken' ? [] : everySurface());

  for (const kind of HOUSE_TOKEN_KINDS) {
    it(`tells an overseer what a ${kind} is good for`, async () => {
      const token = (await issueEveryKind(server.house, account))[kind];
      const { status, json, headers } = await administrator.introspect(token);
      assert.equal(status, 200);
      assert.match(headers.get('cache-control') ?? '', /no-store/);
      const { iat, exp, ...rest } = json;
      assert.equal(Number(exp) - Math.floor(server.clock.now().getTime() / 1000) > 3500, true);
      assert.equal(typeof iat, 'number');
      assert.deepEqual(rest, {
        active: true,
        iss: server.issuer,
        sub: account.id,
        username: account.email,
        email: account.email,
        tenant_id: server.tenant.id,
        role: 'operator',
        scope: 'read:interactions read:users',
        acr: 'aal2',
        token_use: TOKEN_USE[kind],
        ...(kind !== 'CloudRefreshToken' && { token_type: 'Bearer' }),
      });
    });

    it(`[security 31] does not know a ${kind} when anybody else asks, and revokes nothing for them`, async () => {
      const token = (await issueEveryKind(server.house, account))[kind];
      for (const [who, client] of Object.entries(strangers)) {
        assert.deepEqual((await client.introspect(token)).json, INACTIVE, who);
        const revoked = await client.revoke(token);
        assert.deepEqual([revoked.status, revoked.text], [200, ''], who);
      }
      const anonymous = await post(`${server.issuer}/oauth/introspect`, { token });
      assert.deepEqual([anonymous.status, anonymous.json.active], [400, undefined]);
      const wrong = await post(
        `${server.issuer}/oauth/revoke`,
        { token },
        { authorization: basic(administrator.issued.client.id, 'wrong') },
      );
      assert.equal(wrong.status, 401);
      assert.equal((await administrator.introspect(token)).json.active, true);
    });

    it(`revokes a ${kind} for an overseer, everywhere and with what came of the same sign-in`, async () => {
      const tokens = await issueEveryKind(server.house, account);
      for (const path of bearers(kind)) assert.notEqual((await call(server, { path, token: tokens[kind] })).status, 401, path);
      const revoked = await administrator.revoke(tokens[kind]);
      assert.deepEqual([revoked.status, revoked.text], [200, '']);
      for (const path of bearers(kind)) assert.equal((await call(server, { path, token: tokens[kind] })).status, 401, path);
      const dead = kind.startsWith('Cloud') ? ['CloudAccessToken', 'CloudRefreshToken'] : [kind];
      for (const each of HOUSE_TOKEN_KINDS)
        assert.equal((await administrator.introspect(tokens[each])).json.active, !dead.includes(each), each);
      const [entry] = await server.house.storage.audit.list({ limit: 1, accountId: account.id, type: 'token.revoked' });
      assert.deepEqual([entry?.detail.kind, entry?.tenantId], [kind, server.tenant.id]);
      assert.equal((await administrator.revoke(tokens[kind])).status, 200, 'once more');
    });

    it(`[security 39] does not know a ${kind} that was cut, extended or changed`, async () => {
      const token = (await issueEveryKind(server.house, account))[kind];
      const middle = Math.floor(token.length / 2);
      const changed = `${token.slice(0, middle)}${token[middle] === '0' ? '1' : '0'}${token.slice(middle + 1)}`;
      for (const other of [token.slice(0, -1), `${token}0`, changed, token.toUpperCase()])
        assert.deepEqual((await administrator.introspect(other)).json, INACTIVE, other);
    });
  }

  it('goes by the role of this moment, and by whether the second factor was proved', async () => {
    await using strict = await startServer();
    const overseer = await protocolClient(strict, await strict.addClient('service', { scope: 'admin:all' }));
    const person = await strict.addAccount({ role: 'viewer' });
    const expiresAt = new Date(strict.clock.now().getTime() + 60_000);
    const issued = await strict.house.houseTokens.issue({ kind: 'ShortToken', account: person, expiresAt, secondFactor: false });
    const about = async () => {
      const { role, scope, acr, active } = (await overseer.introspect(issued?.value)).json;
      return { active, role, scope, acr };
    };
    assert.deepEqual(await about(), { active: true, role: 'viewer', scope: 'read:interactions', acr: 'aal1' });
    await strict.house.accounts.setRole(person, 'operator', ORIGIN);
    assert.deepEqual(await about(), { active: true, role: 'operator', scope: 'read:interactions read:users', acr: 'aal1' });
    await strict.house.accounts.setRole(person, 'admin', ORIGIN);
    assert.deepEqual(await about(), { active: true, role: undefined, scope: undefined, acr: 'aal1' }, 'an admin owes a second factor');
    strict.clock.advance(60);
    assert.deepEqual((await overseer.introspect(issued?.value)).json, INACTIVE);
  });

  it('takes no token that is there twice', async () => {
    const { ShortToken: token } = await issueEveryKind(server.house, account);
    const authorization = basic(administrator.issued.client.id, String(administrator.issued.secret));
    const twice = await post(
      `${server.issuer}/oauth/introspect`,
      [
        ['token', token],
        ['token', token],
      ],
      { authorization },
    );
    assert.deepEqual([twice.status, twice.json.error], [400, 'invalid_request']);
  });
});
