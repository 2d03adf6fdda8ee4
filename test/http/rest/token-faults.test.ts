import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { StoreUnavailableError } from '../../../src/domain/errors.ts';
import type { JsonObject } from '../../../src/lib/json.ts';
import { type ProtocolClient, protocolClient } from '../../support/protocol-client.ts';
import { call, MANY_ADDRESSES, type RestCall } from '../../support/rest-client.ts';
import { PASSWORD, startServer, type TestServer } from '../../support/start-server.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const PRIVATE = '/api/v1/auth/private-tokens';

const FAULTS = {
  'out of reach': {
    error: () => new StoreUnavailableError('Our records are out of reach.', { detail: 'what the driver said' }),
    status: 503,
  },
  broken: { error: () => new Error('something nobody thought of'), status: 500 },
};

for (const [kind, { error, status: expected }] of Object.entries(FAULTS))
  describe(`[security 110] tokens of the REST surfaces on a store that is ${kind}`, () => {
    let server: TestServer;
    let account: Account;
    let overseer: ProtocolClient;
    let short: string;
    before(async () => {
      server = await startServer(MANY_ADDRESSES);
      account = await server.addAccount();
      overseer = await protocolClient(server, await server.addClient('service', { scope: 'admin:all' }));
      const { json } = await call(server, { path: '/api/v1/auth/token', body: { email: account.email, password: PASSWORD } });
      short = String(json.token);
    });
    afterEach(() => mock.restoreAll());
    after(() => server[Symbol.asyncDispose]());

    /** From now on, until the end of the test or `mock.restoreAll`. */
    function fail(port: 'artifacts' | 'accounts' | 'tenants' | 'audit', method: string): void {
      mock.method(server.house.storage[port] as unknown as Record<string, () => unknown>, method, async () => {
        throw error();
      });
    }

    async function assertFault(what: RestCall): Promise<void> {
      const { status, json, text, headers } = await call(server, what);
      assert.equal(status, expected, `${what.path}: ${text}`);
      assert.deepEqual(Object.keys(json).toSorted(), ['code', 'detail']);
      assert.equal(json.code, expected === 503 ? 'service_unavailable' : 'error');
      assert.doesNotMatch(text, /nobody thought of|what the driver said/);
      if (expected === 503) assert.ok(Number(headers.get('retry-after')) > 0);
    }

    const wish = () => ({ name: 'Nightly', expires_at: new Date(server.clock.now().getTime() + 60_000).toISOString() });
    const create = async (): Promise<JsonObject> => (await call(server, { path: PRIVATE, token: short, body: wish() })).json;
    const isGood = async (token: unknown) => (await call(server, { path: '/api/v1/users/me', token: String(token) })).status === 200;

    it('nobody gets a token without all that belongs to it', async () => {
      const signIn = { path: '/api/v1/auth/token', body: { email: account.email, password: PASSWORD } };
      for (const [port, method] of [
        ['artifacts', 'put'],
        ['accounts', 'findSubject'],
        ['audit', 'append'],
      ] as const) {
        fail(port, method);
        await assertFault(signIn);
        await assertFault({ path: PRIVATE, token: short, body: wish() });
        mock.restoreAll();
      }
    });

    it('a token that cannot be looked up is neither good nor bad', async () => {
      const { token } = await create();
      for (const [port, method] of [
        ['artifacts', 'find'],
        ['accounts', 'find'],
        ['tenants', 'find'],
      ] as const) {
        fail(port, method);
        await assertFault({ path: PRIVATE, token: short });
        assert.equal((await call(server, { path: '/api/v1/users/me', token: String(token) })).status, expected);
        const introspected = await overseer.introspect(token);
        assert.deepEqual([introspected.status >= 500, introspected.json.active], [true, undefined], `${port}.${method}`);
        mock.restoreAll();
      }
      assert.equal((await overseer.introspect(token)).json.active, true);
    });

    it('[security 30] what was not revoked is not said to be', async () => {
      const tokens = await issueEveryKind(server.house, account);
      const { id, token } = await create();
      for (const method of ['removeBy', 'find']) {
        fail('artifacts', method);
        for (const value of Object.values(tokens)) assert.ok((await overseer.revoke(value)).status >= 500, method);
        await assertFault({ method: 'DELETE', path: `${PRIVATE}/${id}`, token: short });
        mock.restoreAll();
      }
      assert.equal(await isGood(token), true);
      for (const value of Object.values(tokens)) assert.equal((await overseer.introspect(value)).json.active, true);
    });

    it('a rotation that breaks off leaves at least the old token, and can be repeated', async () => {
      for (const method of ['put', 'consume']) {
        const { id, token } = await create();
        fail('artifacts', method);
        await assertFault({ method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: short });
        mock.restoreAll();
        assert.equal(await isGood(token), true, method);
        const listed = JSON.parse((await call(server, { path: PRIVATE, token: short })).text) as JsonObject[];
        assert.equal(listed.filter((entry) => entry.id === id).length, 1, 'it is listed once');
        const again = await call(server, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token: short });
        assert.deepEqual([again.status, await isGood(again.json.token), await isGood(token)], [200, true, false], method);
      }
    });
  });
