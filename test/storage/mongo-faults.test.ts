import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import mongoose from 'mongoose';
import { accountId } from '../../src/domain/accounts/account.ts';
import type { StoreUnavailableError } from '../../src/domain/errors.ts';
import { translateError } from '../../src/storage/mongo/mongo-errors.ts';
import { createTestClock, after as later, times } from '../contract/harness.ts';
import {
  linkDigest,
  sampleAccount,
  sampleClient,
  sampleEvent,
  sampleFactor,
  sampleLicence,
  sampleLink,
  sampleTenant,
} from '../contract/samples.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { openTestMongo } from './mongo-harness.ts';

const mongodb = await mongodbForTests();
const skip = mongodb.missing ?? false;

/** Every call that waits for the server has to end about then; a machine that is busy needs some more. */
const TIMEOUT_MS = 1000;
const AT_MOST_MS = 2500;

/** The URI of the same database through the proxy, and nothing but the proxy: a replica set would tell its own address. */
async function proxied(uri: string): Promise<{ readonly uri: string; readonly proxy: TcpProxy }> {
  const url = new URL(uri);
  const proxy = await openTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = `${proxy.port}`;
  url.hostname = '127.0.0.1';
  url.searchParams.delete('replicaSet');
  url.searchParams.set('directConnection', 'true');
  return { uri: url.href, proxy };
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const unavailable = (reason: RegExp) => (error: StoreUnavailableError) => {
  assert.equal(error.name, 'StoreUnavailableError');
  assert.match(`${error.detail}`, reason);
  assert.doesNotMatch(`${error.detail} ${error.message}`, /127\.0\.0\.1|localhost/);
  return true;
};

describe('a MongoDB that is away', { skip }, () => {
  it('stops the start with a message that names the host, not the password', async () => {
    const uri = `mongodb://somebody:s%40crt@127.0.0.1:${await freePort()}/gatehouse?authSource=admin`;
    const spent = await took(() =>
      assert.rejects(openTestMongo(uri, { timeoutMs: 500 }), (error: Error) => {
        assert.equal(error.name, 'StorageUnusableError');
        assert.match(
          error.message,
          /^MongoDB at 127\.0\.0\.1:\d+ cannot be used: no server that can be written to answers \(ECONNREFUSED\)\. Start it/,
        );
        assert.doesNotMatch(error.message, /s%40crt|s@crt|somebody/);
        return true;
      }),
    );
    assert.ok(spent < AT_MOST_MS, `${spent} ms`);
  });

  it('stops the start when it refuses the password', async () => {
    await assert.rejects(openTestMongo(mongodb.newDatabase(), { username: 'nobody', password: 'wrong' }), {
      reason: 'denied',
      message: /^MongoDB at \S+ lets us not in: user name or password is wrong\. Correct storage\.mongodb/,
    });
  });

  it('stops the start when the URI makes no sense', async () => {
    await assert.rejects(openTestMongo('mongodb://'), { name: 'StorageUnusableError', reason: 'inaccessible' });
    await assert.rejects(openTestMongo(mongodb.newDatabase(), { caFile: '/nowhere/ca.pem' }), { message: /ENOENT.*\/nowhere\/ca\.pem/ });
  });

  it('fails calls in time while nothing comes through, and serves again afterwards without being opened anew', async () => {
    const { uri, proxy } = await proxied(mongodb.newDatabase());
    await using _ = proxy;
    await using stores = await openTestMongo(uri, { timeoutMs: TIMEOUT_MS });
    await stores.tenants.create(sampleTenant());
    proxy.stall();
    const calls = [
      () => stores.tenants.findBySlug('acme'),
      () => stores.audit.append(sampleEvent()),
      () => stores.artifacts.consume('RefreshToken', 'r'),
      () => stores.ping(),
      () => stores.generations.current(),
    ];
    for (const round of [1, 2]) {
      const spent = await took(() => Promise.all(calls.map((call) => assert.rejects(call(), unavailable(/^MongoDB: /)))));
      assert.ok(spent < AT_MOST_MS, `round ${round}: ${spent} ms`);
    }
    proxy.mend();
    await eventually(async () => (await stores.tenants.findBySlug('acme')) !== undefined);
    await eventually(() => stores.audit.append(sampleEvent({ requestId: 'after' })).then(() => true));
  });

  it('fails calls in time while it is gone, without a storm of attempts, and serves again afterwards', async () => {
    const { uri, proxy } = await proxied(mongodb.newDatabase());
    await using _ = proxy;
    await using stores = await openTestMongo(uri, { timeoutMs: TIMEOUT_MS });
    await stores.tenants.create(sampleTenant());
    proxy.cut();
    const before = proxy.connections();
    const call = (n: number) => (n % 2 === 0 ? stores.tenants.list() : stores.audit.append(sampleEvent()));
    const spent = await took(() =>
      Promise.all(
        times(50, (n) => assert.rejects(call(n), unavailable(/^MongoDB: (no server that|the connection broke|no answer in time)/))),
      ),
    );
    assert.ok(spent < AT_MOST_MS, `${spent} ms`);
    assert.ok(proxy.connections() - before < 60, `${proxy.connections() - before} connections`);
    proxy.mend();
    await eventually(async () => (await stores.tenants.list()).length === 1);
  });

  it('closes in time although nothing comes through', async () => {
    const { uri, proxy } = await proxied(mongodb.newDatabase());
    await using _ = proxy;
    const stores = await openTestMongo(uri, { timeoutMs: TIMEOUT_MS });
    proxy.stall();
    const call = assert.rejects(stores.tenants.list());
    // The call ends first, then the driver takes leave of the server.
    const spent = await took(async () => stores[Symbol.asyncDispose]());
    await call;
    assert.ok(spent < 2 * AT_MOST_MS, `${spent} ms`);
  });
});

describe('a MongoDB store', { skip }, () => {
  it('lets nothing through once it is closed', async () => {
    const stores = await openTestMongo(mongodb.newDatabase());
    await Promise.all([...times(20, () => stores.audit.append(sampleEvent())), stores[Symbol.asyncDispose]()]);
    for (const call of [() => stores.audit.append(sampleEvent()), () => stores.ping(), () => stores.generations.next(1)])
      await assert.rejects(call(), unavailable(/the store is closed/));
    await stores[Symbol.asyncDispose]();
  });

  it('writes with a majority and reads from the primary, whatever the URI says', async () => {
    const url = new URL(mongodb.newDatabase());
    for (const [name, value] of Object.entries({ w: '1', journal: 'false', readPreference: 'secondary', readConcernLevel: 'local' }))
      url.searchParams.set(name, value);
    await using _ = await openTestMongo(url.href);
    const { writeConcern, readConcern, readPreference } = mongoose.connections.at(-1)?.getClient().options ?? {};
    assert.deepEqual(
      [writeConcern?.w, writeConcern?.journal, readConcern?.level, readPreference?.mode],
      ['majority', true, 'majority', 'primary'],
    );
  });

  it('is not to be had when the connection breaks under a write, which the driver tells in the words of the system', () => {
    const told = (code: string) => translateError(Object.assign(new Error('This socket has been ended by the other party'), { code }));
    assert.match((told('EPIPE') as StoreUnavailableError).detail ?? '', /^MongoDB: the connection broke \(EPIPE\)$/);
    assert.doesNotMatch((told('ERR_INVALID_ARG_TYPE') as Error).name, /StoreUnavailable/);
  });

  it('takes no operator from a value', async () => {
    await using stores = await openTestMongo(mongodb.newDatabase());
    const [tenant, account] = [sampleTenant(), sampleAccount()];
    await stores.tenants.create(tenant);
    await stores.accounts.create(account);
    await stores.clients.create(sampleClient());
    await stores.mfa.enrol(tenant.id, sampleFactor(), ['c1']);
    await stores.links.put(sampleLink());
    await stores.artifacts.put('Grant', 'g', { payload: {}, accountId: account.id, grantId: 'g' }, undefined);
    await stores.licences.create(sampleLicence());
    await stores.audit.append(sampleEvent());
    const now = new Date('2026-01-02');
    for (const operator of [
      { $ne: null },
      { $gt: '' },
      { $exists: true },
      { $regex: '.' },
      { $in: ['g', account.id] },
      ['g', account.id],
    ]) {
      const any = operator as never;
      const calls: readonly (() => Promise<unknown>)[] = [
        () => stores.tenants.findBySlug(any),
        () => stores.accounts.findSubject(any),
        () => stores.accounts.find(any, account.id),
        () => stores.accounts.remove(tenant.id, any),
        () => stores.accounts.remove(any, account.id),
        () => stores.tenants.update(any, (old) => old),
        () => stores.licences.find(tenant.id, any),
        () => stores.licences.remove(tenant.id, any),
        ...['deviceId', 'kind', 'agreementName', 'text'].map((field) => async () => {
          const found = await stores.licences.list(tenant.id, { orderBy: [], offset: 0, limit: 10, [field]: any });
          return found.length;
        }),
        () => stores.clients.find(any),
        () => stores.clients.remove(tenant.id, any),
        () => stores.mfa.useRecoveryCode(tenant.id, account.id, any),
        () => stores.mfa.acceptStep(tenant.id, any, 99_000_000),
        () => stores.links.take(any, now),
        () => stores.links.removeFor(any),
        () => stores.artifacts.find('Grant', any),
        () => stores.artifacts.consume('Grant', any),
        () => stores.artifacts.remove('Grant', any),
        () => stores.artifacts.list('Grant', 'accountId', any),
        () => stores.artifacts.removeBy('grantId', any),
        () => stores.audit.list({ tenantId: any, limit: 10 }),
      ];
      // Refused, or taken for a text that nobody has.
      for (const call of calls) {
        const answer = await call().catch((error: Error) => error.name);
        assert.ok([undefined, false, 0, 'CastError', 'MongoServerError'].includes(answer as string), `${call}: ${JSON.stringify(answer)}`);
      }
    }
    assert.ok(await stores.clients.find(sampleClient().id));
    assert.ok(await stores.licences.find(tenant.id, sampleLicence().id));
    assert.ok(await stores.links.find(sampleLink().digest, now));
    assert.equal(await stores.mfa.countRecoveryCodes(tenant.id, account.id), 1);
    assert.equal((await stores.artifacts.find('Grant', 'g'))?.consumedAt, undefined);
  });

  it('keeps what looks like an operator or a path as it is', async () => {
    await using stores = await openTestMongo(mongodb.newDatabase());
    await stores.tenants.create(sampleTenant({ name: '$$REMOVE' }));
    const payload = JSON.parse('{"$set":{"a.b":"$payload"},"__proto__":{"x":1},"a.b":"$$NOW","nul\\u0000l":"\\u0000"}');
    const artifact = { payload, grantId: '$grantId', accountId: '$$ROOT', clientId: '{"$ne":1}' };
    await stores.artifacts.put('Grant', '$id.x', artifact, undefined);
    await stores.artifacts.put('Grant', '$id.x', artifact, undefined);
    const found = await stores.artifacts.find('Grant', '$id.x');
    assert.equal(JSON.stringify(found?.payload), JSON.stringify(payload));
    assert.deepEqual([found?.grantId, found?.accountId, found?.clientId], ['$grantId', '$$ROOT', '{"$ne":1}']);
    assert.equal((await stores.tenants.findBySlug('acme'))?.name, '$$REMOVE');
    await stores.audit.append(sampleEvent({ detail: payload }));
    assert.equal(JSON.stringify((await stores.audit.list({ limit: 1 }))[0]?.detail), JSON.stringify(payload));
  });

  it('refuses artifacts with members: those expire', async () => {
    await using stores = await openTestMongo(mongodb.newDatabase());
    await assert.rejects(stores.artifacts.put('Session', 's', { payload: {}, members: { group: 'g', entries: {} } }, undefined), {
      name: 'Error',
      message: /Session/,
    });
  });

  it('leaves it to the server to sweep, by the real time, and not before a minute has passed', async () => {
    const clock = createTestClock('2001-01-01T00:00:00.000Z');
    const uri = mongodb.newDatabase();
    await using stores = await openTestMongo(uri, { clock: clock.now });
    const database = (await mongodb.client()).db(new URL(uri).pathname.slice(1));
    const sweepOf = async (collection: string) => (await database.collection(collection).findOne())?.sweepAt?.getTime() - Date.now();
    await stores.artifacts.put('RefreshToken', 'r', { payload: {} }, later(clock, 3600));
    await stores.links.put(sampleLink({ digest: linkDigest('d'), expiresAt: later(clock, 600) }));
    const distances = [await sweepOf('artifacts'), await sweepOf('one_time_links')];
    for (const [n, seconds] of [3660, 660].entries()) assert.ok(Math.abs((distances[n] ?? 0) - seconds * 1000) < 10_000, `${distances[n]}`);
    await stores.artifacts.put('RefreshToken', 'r', { payload: {} }, undefined);
    assert.equal(await database.collection('artifacts').findOne({ sweepAt: { $exists: true } }), null);
  });

  it('numbers audit entries upwards although the clock of the machine was set back', async () => {
    const uri = mongodb.newDatabase();
    await using stores = await openTestMongo(uri);
    const sequence = (Date.now() + 86_400_000) * 1000;
    await stores.holdings.restoreAuditEvents([{ ...sampleEvent(), sequence }]);
    for (const n of times(3, (index) => index)) await stores.audit.append(sampleEvent({ requestId: `r${n}` }));
    const events = await stores.audit.list({ limit: 10 });
    const numbers = events.map((event) => event.sequence);
    assert.equal(new Set(numbers).size, 4);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => b - a),
    );
    assert.equal(numbers.at(-1), sequence);
    assert.deepEqual(
      events.slice(0, 3).map((event) => event.requestId),
      ['r2', 'r1', 'r0'],
    );
  });

  it('hands out accounts of a name once, whoever else asks at the same time', async () => {
    const uri = mongodb.newDatabase();
    await using one = await openTestMongo(uri);
    await using other = await openTestMongo(uri);
    const answers = await Promise.allSettled(
      times(20, (n) => (n % 2 === 0 ? one : other).accounts.create(sampleAccount({ id: accountId(`a${n}`), email: `e${n}@example.com` }))),
    );
    assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const answer of answers) if (answer.status === 'rejected') assert.equal(answer.reason.field, 'username');
  });
});
