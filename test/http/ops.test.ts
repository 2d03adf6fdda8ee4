import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { get } from '../support/protocol-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('readiness', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  afterEach(() => mock.restoreAll());
  after(() => server[Symbol.asyncDispose]());

  const readiness = async () => {
    const { status, json, headers } = await get(`${server.issuer}/readyz`);
    assert.equal(headers.get('cache-control'), 'no-store');
    return { status, ...json };
  };

  it('is there when the store answers', async () => {
    assert.deepEqual(await readiness(), { status: 'ok', checks: { store: 'ok', process: 'ok' } });
    assert.equal((await get(`${server.issuer}/readyz`)).status, 200);
  });

  for (const [what, fault, told] of [
    ['does not answer', new StoreUnavailableError('For people.', { detail: 'Redis: connection refused' }), 'Redis: connection refused'],
    ['fails in a way nobody thought of', new Error('connect ECONNREFUSED 10.0.0.7:6379'), 'does not answer'],
  ] as const)
    it(`says which store and why when one ${what}, and no address; liveness asks none`, async () => {
      mock.method(server.house.storage, 'ping', async () => {
        throw fault;
      });
      assert.deepEqual(await readiness(), { status: 'unavailable', checks: { store: told, process: 'ok' } });
      assert.equal((await get(`${server.issuer}/readyz`)).status, 503);
      assert.equal((await get(`${server.issuer}/healthz`)).status, 200);
    });
});
