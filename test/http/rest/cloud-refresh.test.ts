import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { assertDead, assertError, isLetIn, pairIn, refreshPair, signInToCloud } from '../../support/cloud-client.ts';
import { call, freshAddress, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { slowDown } from '../../support/slow-storage.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

const AT_ONCE = 20;
const ROUNDS = 10;

describe('the cloud API: refresh and sign-out', () => {
  let server: TestServer;
  let alice: Account;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_LIMITS__API_TENANT: '{"limit":100000,"window":60}' });
    alice = await server.addAccount();
  });
  after(() => server[Symbol.asyncDispose]());

  const signOut = (token: string | undefined, method = 'POST') => call(server, { method, path: '/authenticate/signout', token });
  const reuses = async () => (await server.house.storage.audit.list({ type: 'token.reused', accountId: alice.id, limit: 1000 })).length;

  it('takes the documented request with the refresh token as Bearer, and gives the documented answer', async () => {
    const first = await signInToCloud(server, alice);
    const answer = await call(server, { path: '/authenticate/refresh', token: first.RefreshToken, body: { GrantType: 'refresh_token' } });
    assert.deepEqual(Object.keys(answer.json), ['AccessToken', 'RefreshToken']);
    const second = pairIn(answer);
    assert.notEqual(second.RefreshToken, first.RefreshToken);
    assert.notEqual(second.AccessToken, first.AccessToken);
    assert.equal(await isLetIn(server, second.AccessToken), true);
    assert.equal(await isLetIn(server, first.AccessToken), true, 'the access token before it lives to its end');
  });

  it('wants a refresh token and nothing else', async () => {
    const { AccessToken, RefreshToken } = await signInToCloud(server, alice);
    assertError(await refreshPair(server, AccessToken), 401);
    assertError(await call(server, { path: '/authenticate/refresh', body: { GrantType: 'refresh_token' } }), 401);
    assertError(
      await call(server, { path: '/authenticate/refresh', token: RefreshToken, body: { GrantType: 'password' } }),
      400,
      'GrantType',
    );
    assertError(await call(server, { path: '/authenticate/refresh', token: RefreshToken, body: {} }), 400, 'GrantType');
    for (const odd of [`${RefreshToken}x`, RefreshToken.slice(0, -1), RefreshToken.toUpperCase(), 'crt_', '"'])
      assertError(await refreshPair(server, odd), 401);
    assert.equal((await call(server, { path: '/global', token: RefreshToken })).status, 401, 'it is no access token');
    pairIn(await refreshPair(server, RefreshToken));
  });

  it('[security 25] a refresh token that comes twice ends the whole family, and is told', async () => {
    const first = await signInToCloud(server, alice);
    const second = pairIn(await refreshPair(server, first.RefreshToken));
    const before = await reuses();
    assertError(await refreshPair(server, first.RefreshToken), 401);
    await assertDead(server, first);
    await assertDead(server, second);
    assert.equal(await reuses(), before + 1);
  });

  it(`[security 26] [security 66] ${AT_ONCE} refreshes at once: one winner, and the family is dead`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const pair = await signInToCloud(server, alice);
      const before = await reuses();
      let answers: Awaited<ReturnType<typeof refreshPair>>[];
      {
        using _slow = slowDown(server.house.storage);
        answers = await Promise.all(Array.from({ length: AT_ONCE }, () => refreshPair(server, pair.RefreshToken)));
      }
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      assert.ok(winner && others.length === 0, answers.map(({ status }) => status).join());
      for (const answer of answers) if (answer !== winner) assertError(answer, 401);
      await assertDead(server, pairIn(winner));
      await assertDead(server, pair);
      assert.ok((await reuses()) > before);
    }
  });

  it('a sign-out ends both tokens with 204, by POST or GET', async () => {
    for (const method of ['POST', 'GET']) {
      const first = await signInToCloud(server, alice);
      const second = pairIn(await refreshPair(server, first.RefreshToken));
      const other = await signInToCloud(server, alice);
      const { status, text } = await signOut(second.AccessToken, method);
      assert.deepEqual([status, text], [204, '']);
      await assertDead(server, second);
      assert.equal(await isLetIn(server, first.AccessToken), false);
      assert.equal(await isLetIn(server, other.AccessToken), true, 'another sign-in of theirs goes on');
      assertError(await signOut(second.AccessToken, method), 401);
    }
    assertError(await signOut(undefined), 401);
    assertError(await signOut('x'), 401);
  });

  it('[security 27] nothing survives a sign-out that races a refresh', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const pair = await signInToCloud(server, alice);
      using _slow = slowDown(server.house.storage);
      const [answer, left] = await Promise.all([refreshPair(server, pair.RefreshToken), signOut(pair.AccessToken)]);
      assert.equal(left.status, 204);
      await assertDead(server, pair);
      if (answer.status === 200) await assertDead(server, pairIn(answer));
      else assertError(answer, 401);
    }
  });

  it('[security 29] ends with the password, the account and the tenant, and keeps to the allowed addresses', async () => {
    const { house, tenant } = server;
    const other = await house.tenants.create({ slug: 'closing', name: 'Closing' }, ORIGIN);
    const make = async () => {
      const person = await server.addAccount({ tenantId: other.id });
      return { person, pair: await signInToCloud(server, person) };
    };
    const [changed, disabled, removed, kept] = [await make(), await make(), await make(), await make()];
    const link = await house.accounts.createPasswordLink(changed.person, ORIGIN);
    await house.accounts.usePasswordLink(link, 'other-horse-battery-staple-8', ORIGIN);
    await house.accounts.setDisabled(disabled.person, true, ORIGIN);
    await house.accounts.remove(removed.person, ORIGIN);
    for (const { pair } of [changed, disabled, removed]) await assertDead(server, pair);

    await house.tenants.update(other, { allowedAddresses: ['203.0.113.0/24'] }, ORIGIN);
    const refresh = (from: string) =>
      call(server, { path: '/authenticate/refresh', token: kept.pair.RefreshToken, body: { GrantType: 'refresh_token' }, from });
    assertError(await refresh(freshAddress()), 403);
    const next = pairIn(await refresh('203.0.113.7'));
    await house.tenants.update(other, { allowedAddresses: [], disabled: true }, ORIGIN);
    await assertDead(server, next);
    assert.equal(tenant.disabled, false);
  });

  it('plugin-login goes on with a refresh token, rotated, and notes the system in the audit log', async () => {
    const plugin = (refresh_token: string) =>
      call(server, { path: '/nx/plugin-login', body: { refresh_token, system_nxid: 'nx-system-0001' } });
    const first = await signInToCloud(server, alice);
    const answer = await plugin(first.RefreshToken);
    assert.deepEqual(Object.keys(answer.json), ['AccessToken', 'Error', 'RefreshToken', 'TotpAccessCode']);
    assert.deepEqual([answer.json.Error, answer.json.TotpAccessCode], ['', '']);
    const second = pairIn(answer);
    const [entry] = await server.house.storage.audit.list({ type: 'token.rotated', accountId: alice.id, limit: 1 });
    assert.equal(entry?.detail.system_nxid, 'nx-system-0001');
    assertError(await plugin(second.AccessToken), 401);
    assertError(await plugin(first.RefreshToken), 401);
    await assertDead(server, second);
    assertError(await call(server, { path: '/nx/plugin-login', body: { refresh_token: first.RefreshToken } }), 400, 'system_nxid');
  });
});
