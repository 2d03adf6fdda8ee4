import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertUnavailable, untilReady } from '../support/availability.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { get, type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { addressOn, type RedisServer, startRedis, whyNoRedis } from '../support/redis.ts';
import { createServers, type Prepared, type Servers } from '../support/servers.ts';
import type { ServerProcess } from '../support/start-process.ts';
import { PASSWORD } from '../support/start-server.ts';
import { settingsFor } from '../support/stores.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const mongodb = await mongodbForTests();
const TIMEOUT_MS = 500;

describe('[security 110] Redis in trouble', { skip: mongodb.missing ?? whyNoRedis() ?? false }, () => {
  let redis: RedisServer;
  let proxy: TcpProxy;
  let servers: Servers;
  let server: ServerProcess;
  let client: ProtocolClient;
  let prepared: Prepared;

  before(async () => {
    redis = await startRedis();
    proxy = await openTcpProxy({ host: '127.0.0.1', port: redis.port });
    const address = { ...addressOn(redis), nodes: [`127.0.0.1:${proxy.port}`] };
    servers = await createServers(1, {
      ...settingsFor(mongodb.newDatabase(), address),
      GATEHOUSE_STORAGE__REDIS__TIMEOUT_MS: String(TIMEOUT_MS),
    });
    prepared = await servers.prepare();
  });
  after(async () => {
    await servers?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await redis?.[Symbol.asyncDispose]();
  });

  /** What everybody gets while Redis cannot be used: soon, and nothing is let through. */
  async function assertFailsClosed(refresh: unknown): Promise<void> {
    const began = performance.now();
    const [health, ready, keys, authorize, token, introspection] = await Promise.all([
      get(`${server.issuer}/healthz`),
      get(`${server.issuer}/readyz`),
      get(`${server.issuer}/oauth/jwks`),
      client.request(new CookieBrowser()),
      client.refresh(refresh),
      client.introspect(refresh),
    ]);
    const took = performance.now() - began;
    assert.deepEqual([health.status, keys.status], [200, 200]);
    assert.equal(ready.status, 503);
    assert.match(ready.text, /Redis: /);
    assert.doesNotMatch(ready.text, /127\.0\.0\.1|localhost/);
    assertUnavailable({ ...authorize, text: authorize.html }, 'authorization');
    assertUnavailable(token, 'refresh');
    assert.notEqual(introspection.json.active, true);
    assert.ok(took < 10 * TIMEOUT_MS, `took ${took} ms`);
  }

  it('starts without it, says so, and serves when it comes', async () => {
    await redis.kill();
    server = await servers.start();
    const ready = await get(`${server.issuer}/readyz`);
    assert.deepEqual([ready.status, (await get(`${server.issuer}/healthz`)).status], [503, 200]);
    await redis.start();
    await untilReady(server);
    client = await protocolClient(server, prepared.app);
    await tokensOf(client, prepared.person);
  });

  describe('while people are signed in', () => {
    let browser: CookieBrowser;
    let tokens: Awaited<ReturnType<typeof tokensOf>>;

    beforeEach(async () => {
      await untilReady(server);
      browser = new CookieBrowser();
      tokens = await tokensOf(client, prepared.person, { browser });
    });

    it('refuses with 503 while it is down, and goes on afterwards without a restart', async () => {
      const waiting = await client.request(new CookieBrowser());
      await redis.kill();
      await assertFailsClosed(tokens.refresh_token);
      await redis.start();
      await untilReady(server);
      // It came back empty: the person signs in again, the application goes on.
      const silent = await client.request(browser, { prompt: 'none' });
      assert.equal(new URL(silent.url).searchParams.get('error'), 'login_required');
      assert.equal((await client.introspect(tokens.access_token)).json.active, false);
      const lost = await browser.submit(waiting, '/password', { ...prepared.person, password: PASSWORD });
      assert.ok(lost.status >= 400 && lost.status < 500, `a page that waited: ${lost.status}`);
      const next = await client.refresh(tokens.refresh_token);
      assert.equal(next.status, 200, next.text);
      assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    });

    it('never takes a code twice over a kill -9 of Redis', async () => {
      for (let round = 0; round < 10; round++) {
        const authorized = await client.authorize(new CookieBrowser(), prepared.person);
        const [first] = await Promise.all([client.exchange(authorized), delay(Math.random() * 10).then(() => redis.kill())]);
        await redis.start();
        await untilReady(server);
        const again = await client.exchange(authorized);
        assert.equal(again.json.error, 'invalid_grant', `after ${first.status}: ${again.text}`);
        assert.ok(first.status === 200 || first.status === 503 || first.json.error === 'invalid_grant', `${first.status} ${first.text}`);
      }
    });

    it('answers in bounded time while it is frozen, and goes on when it wakes', async () => {
      redis.pause();
      try {
        await assertFailsClosed(tokens.refresh_token);
      } finally {
        redis.resume();
      }
      await untilReady(server);
      const next = await client.refresh(tokens.refresh_token);
      // The frozen request may have been carried out after all; then its token is used up, and nothing else.
      assert.ok(next.status === 200 || next.json.error === 'invalid_grant', next.text);
      assert.ok((await client.request(browser, { prompt: 'none' })).url.includes('code='), 'nobody is signed out');
    });

    it('answers in bounded time when the network swallows everything', async () => {
      proxy.stall();
      await assertFailsClosed(tokens.refresh_token);
      proxy.mend();
      await untilReady(server);
      await tokensOf(client, prepared.person);
    });

    it('waits patiently for one that is slow, and gives up on one that is too slow', async () => {
      proxy.delay(25);
      await tokensOf(client, prepared.person);
      proxy.delay(TIMEOUT_MS);
      assert.equal((await client.token({ grant_type: 'refresh_token', refresh_token: 'x' })).status >= 400, true);
      assert.equal((await get(`${server.issuer}/readyz`)).status, 503);
      proxy.mend();
    });

    it('signs people out, but not in, when it is full', async () => {
      await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
      try {
        assertUnavailable(await client.refresh(tokens.refresh_token), 'refresh');
        const page = await client.request(new CookieBrowser());
        assertUnavailable({ ...page, text: page.html }, 'authorization');
        assert.equal((await client.revoke(tokens.access_token)).status, 200, 'revocation needs no room');
      } finally {
        await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
      }
      assert.equal((await client.introspect(tokens.access_token)).json.active, false);
      await untilReady(server);
      await tokensOf(client, prepared.person);
    });

    it('does not storm a server that is gone', async () => {
      proxy.cut();
      const before = proxy.connections();
      const began = performance.now();
      const seconds = () => (performance.now() - began) / 1000;
      while (seconds() < 3) await Promise.all(Array.from({ length: 20 }, () => client.introspect(tokens.access_token)));
      const attempts = proxy.connections() - before;
      assert.ok(attempts <= 10 * seconds(), `${attempts} connections in ${seconds()} s`);
      proxy.mend();
    });
  });
});
