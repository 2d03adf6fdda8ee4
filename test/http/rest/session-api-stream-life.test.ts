import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OverloadedError } from '../../../src/domain/errors.ts';
import { listen } from '../../../src/http/listener.ts';
import { followEvents } from '../../../src/http/session-api/new-events.ts';
import { createStreamSlots } from '../../../src/http/session-api/stream-slots.ts';
import { composeServer } from '../../../src/server/compose-server.ts';
import { bearer, readStream } from '../../support/event-source.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { PASSWORD, startServer } from '../../support/start-server.ts';

describe('the session API: a stream from its begin to its end', () => {
  it('beats while nothing happens, and ends when the server begins to drain', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    await server.addAccount({ username: 'olga', role: 'operator' });
    const { json } = await call(server, { path: '/api/login', body: { username: 'olga', password: PASSWORD } });
    const stop = new AbortController();
    const port = await freePort();
    const { app } = await composeServer(server.house, stop.signal);
    // Nobody would wait so long for it: what does not end by itself fails this test.
    const options = { host: 'localhost', port, drainSeconds: 3600, reusePort: false, isPatient: () => false };
    const listener = await listen(app, options);
    const stream = await readStream({ issuer: `http://localhost:${port}` }, bearer(String(json.token)));
    await eventually(async () => /^:\n\n/m.test(stream.text()), 30_000);
    stop.abort();
    await listener[Symbol.asyncDispose]();
    await stream.over;
  });

  it('has room for two hundred in a process, and makes room again', () => {
    const slots = createStreamSlots();
    const taken = Array.from({ length: 200 }, (_, index) => slots.take(`person ${index}`));
    assert.throws(() => slots.take('one more'), OverloadedError);
    taken[0]?.[Symbol.dispose]();
    using _last = slots.take('one more');
    assert.throws(() => slots.take('and another'), OverloadedError);
  });

  it('tells of an entry that is stored after one with a higher number', async () => {
    await using server = await startServer(MANY_ADDRESSES);
    const { audit, holdings } = server.house.storage;
    const tenantId = server.tenant.id;
    const cursor = await followEvents(audit, { tenant: tenantId, after: undefined, from: new Date(0), readsAll: true });
    const store = (sequence: number) => {
      const names = { tenantId, accountId: undefined, clientId: undefined, requestId: 'test', ip: 'test' };
      return holdings.restoreAuditEvents([{ ...names, sequence, at: new Date(), type: 'account.changed', detail: {} }]);
    };
    const look = async () => (await cursor.look()).events.map(({ sequence }) => sequence - cursor.start);
    assert.deepEqual(await look(), []);
    await store(cursor.start + 10);
    assert.deepEqual(await look(), [10]);
    await store(cursor.start + 5);
    assert.deepEqual(await look(), [5]);
    await store(cursor.start + 11);
    assert.deepEqual(await look(), [11]);
    for (let looks = 0; looks < 8; looks++) assert.deepEqual(await look(), []);
    await store(cursor.start + 12);
    assert.deepEqual(await look(), [12]);
  });
});
