import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { StoreUnavailableError } from '../../../src/domain/errors.ts';
import { createCloudApi } from '../../../src/http/cloud-api/cloud-api.ts';
import type { RestServices } from '../../../src/http/rest/services.ts';
import { assertError, type Pair, signInToCloud } from '../../support/cloud-client.ts';
import { eventually } from '../../support/eventually.ts';
import { call, freshAddress, MANY_ADDRESSES, type RestCall } from '../../support/rest-client.ts';
import { slowDown } from '../../support/slow-storage.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';

/** Seconds, as the documentation of each call says. */
const TIME_OUTS = {
  'post /authenticate/refresh': 15,
  'post /authenticate/signin': 15,
  'get /authenticate/signin': 15,
  'post /authenticate/signout': 15,
  'get /authenticate/signout': 15,
  'get /global': 1,
  'get /license/{uuid}': 1,
  'get /license': 5,
  'post /nx/plugin-login': 5,
  'post /nx/code-login': 5,
  'post /nx/csrf': 5,
  'post /nx/login': 5,
  'post /nx/logout': 5,
  'post /nx/tokens': 5,
  'post /nx/totp': 1,
  'get /user/{uuid}': 1,
  'patch /user/{uuid}': 5,
};

describe('the cloud API: status, and time-outs', () => {
  let server: TestServer;
  let alice: Account;
  let pair: Pair;
  before(async () => {
    server = await startServer(MANY_ADDRESSES);
    alice = await server.addAccount();
    pair = await signInToCloud(server, alice);
  });
  after(() => server[Symbol.asyncDispose]());

  const global = () => call(server, { path: '/global', token: pair.AccessToken });
  const cloud = (from = freshAddress()) => call(server, { path: '/cloud', from });

  /** Until it is disposed of. */
  function pingBy(ping: () => Promise<void>): Disposable {
    const { storage } = server.house;
    const original = storage.ping;
    Reflect.set(storage, 'ping', ping);
    return { [Symbol.dispose]: () => void Reflect.set(storage, 'ping', original) };
  }

  it('GET /global tells which features are on at this moment', async () => {
    for (const registrationOpen of [true, false]) {
      await server.house.tenants.update(server.tenant, { registrationOpen }, ORIGIN);
      const { status, json } = await global();
      assert.equal(status, 200);
      assert.deepEqual(json, { Features: { CodeLogin: true, PasswordReset: false, Registration: registrationOpen, TwoFactor: true } });
    }
    assertError(await call(server, { path: '/global' }), 401);
  });

  it('GET /cloud is open and counts for nothing; a store that does not answer shows as such', async () => {
    const from = freshAddress();
    for (let request = 0; request < 120; request++) {
      const { status, json } = await cloud(from);
      assert.deepEqual([status, json], [200, { Online: true, Services: { Storage: true } }]);
    }
    const down = { Online: false, Services: { Storage: false } };
    {
      using _away = pingBy(() => Promise.reject(new StoreUnavailableError('away')));
      assert.deepEqual((await cloud()).json, down);
    }
    {
      using _hanging = pingBy(() => new Promise(() => undefined));
      assert.deepEqual((await cloud()).json, down);
    }
    assert.equal((await cloud()).json.Online, true);
  });

  it('every call has its documented time-out', () => {
    const { routes } = createCloudApi({ stores: {} } as unknown as RestServices);
    const found = new Map(routes.map(({ method, path, timeoutMs }) => [`${method} ${path}`, timeoutMs]));
    for (const [name, seconds] of Object.entries(TIME_OUTS)) assert.equal(found.get(name), seconds * 1000, name);
    for (const [name, milliseconds] of found) if (name !== 'get /cloud') assert.ok(milliseconds, name);
  });

  it('a call whose time is over is a 504 in the error object', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const calls: readonly RestCall[] = [
      { path: '/global', token: pair.AccessToken },
      { path: `/user/${alice.id}`, token: pair.AccessToken },
      { path: '/license/f50af7e0-0dd5-4361-ab96-2e04f7bc7e30', token: pair.AccessToken },
      { path: '/nx/totp', body: { token: 'string', totp: 'string' } },
    ];
    {
      using _slow = slowDown(server.house.storage, () => released);
      for (const answer of await Promise.all(calls.map((each) => call(server, each)))) assertError(answer, 504);
    }
    release();
    assert.equal((await global()).status, 200);
  });

  it('what goes wrong when nobody waits any more is in the log', async () => {
    const { promise: stuck, reject: breakOff } = Promise.withResolvers<void>();
    const fault = new Error('broke off in the end');
    const logged = mock.method(server.house.logger, 'error');
    try {
      {
        using _slow = slowDown(server.house.storage, () => stuck);
        assertError(await global(), 504);
      }
      breakOff(fault);
      await eventually(async () => logged.mock.calls.some(({ arguments: [entry] }) => (entry as { err?: unknown }).err === fault));
    } finally {
      logged.mock.restore();
    }
  });

  it('a store that is away is a 503 with the time to wait, never a success', async () => {
    const { artifacts } = server.house.storage;
    const { find } = artifacts;
    Reflect.set(artifacts, 'find', () => Promise.reject(new StoreUnavailableError('away')));
    try {
      const refused = [
        await global(),
        await call(server, { path: '/authenticate/refresh', token: pair.RefreshToken, body: { GrantType: 'refresh_token' } }),
        await call(server, { path: '/nx/code-login', body: { code: 'string', state: 'string' } }),
      ];
      for (const answer of refused) {
        assertError(answer, 503);
        assert.equal(answer.headers.get('retry-after'), '5');
      }
    } finally {
      Reflect.set(artifacts, 'find', find);
    }
  });
});
