import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertUnavailable, untilReady } from '../support/availability.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { mongodbForTests } from '../support/mongodb.ts';
import { get, type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { redisForTests, whyNoRedis } from '../support/redis.ts';
import { createServers, type Prepared, type Servers } from '../support/servers.ts';
import type { ServerProcess } from '../support/start-process.ts';
import { PASSWORD } from '../support/start-server.ts';
import { settingsFor } from '../support/stores.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const mongodb = await mongodbForTests();
const TIMEOUT_MS = 1000;

describe('[security 110] MongoDB in trouble', { skip: mongodb.missing ?? whyNoRedis() ?? false }, () => {
  let proxy: TcpProxy;
  let servers: Servers;
  let server: ServerProcess;
  let client: ProtocolClient;
  let prepared: Prepared;

  before(async () => {
    const direct = new URL(mongodb.newDatabase());
    proxy = await openTcpProxy({ host: direct.hostname, port: Number(direct.port || 27017) });
    const uri = new URL(direct);
    uri.host = `127.0.0.1:${proxy.port}`;
    uri.searchParams.delete('replicaSet');
    uri.searchParams.set('directConnection', 'true');
    servers = await createServers(1, {
      ...settingsFor(uri.href, await redisForTests()),
      GATEHOUSE_STORAGE__MONGODB__TIMEOUT_MS: String(TIMEOUT_MS),
    });
    prepared = await servers.prepare();
    server = await servers.start();
    client = await protocolClient(server, prepared.app);
  });
  after(async () => {
    await servers?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  let browser: CookieBrowser;
  let tokens: Awaited<ReturnType<typeof tokensOf>>;
  beforeEach(async () => {
    await untilReady(server);
    browser = new CookieBrowser();
    tokens = await tokensOf(client, prepared.person, { browser });
  });

  async function assertFailsClosed(): Promise<void> {
    const began = performance.now();
    const [health, ready, keys, token, introspection] = await Promise.all([
      get(`${server.issuer}/healthz`),
      get(`${server.issuer}/readyz`),
      get(`${server.issuer}/oauth/jwks`),
      client.refresh(tokens.refresh_token),
      client.introspect(tokens.access_token),
    ]);
    const took = performance.now() - began;
    assert.deepEqual([health.status, keys.status], [200, 200]);
    assert.equal(ready.status, 503);
    assert.match(ready.text, /MongoDB: /);
    assert.doesNotMatch(ready.text, /127\.0\.0\.1|localhost/);
    assertUnavailable(token, 'refresh');
    assertUnavailable(introspection, 'introspection');
    assert.ok(took < 10 * TIMEOUT_MS, `took ${took} ms`);
  }

  it('refuses with 503 while it is gone, and goes on afterwards without a restart', async () => {
    const visitor = new CookieBrowser();
    const waiting = await client.request(visitor);
    proxy.cut();
    await assertFailsClosed();
    const refused = await visitor.submit(waiting, '/password', { ...prepared.person, password: PASSWORD });
    assertUnavailable({ ...refused, text: refused.html }, 'sign-in');
    proxy.mend();
    await untilReady(server);
    const next = await client.refresh(tokens.refresh_token);
    assert.equal(next.status, 200, next.text);
    assert.ok((await client.request(browser, { prompt: 'none' })).url.includes('code='), 'nobody is signed out');
  });

  it('answers in bounded time when the network swallows everything', async () => {
    proxy.stall();
    await assertFailsClosed();
    proxy.mend();
    await untilReady(server);
    await tokensOf(client, prepared.person);
  });

  it('waits patiently for one that is slow', async () => {
    proxy.delay(25);
    await tokensOf(client, prepared.person);
    proxy.mend();
  });

  it('takes nothing twice when the connection breaks while it is being used up', async () => {
    for (let round = 0; round < 10; round++) {
      const { refresh_token: token } = await tokensOf(client, prepared.person);
      const [first] = await Promise.all([client.refresh(token), delay(Math.random() * 12).then(() => proxy.cut())]);
      proxy.mend();
      await untilReady(server);
      const again = await client.refresh(token);
      assert.ok(first.status === 200 || first.status === 503, `${first.status} ${first.text}`);
      if (first.status === 200) assert.equal(again.json.error, 'invalid_grant');
      const third = await client.refresh(token);
      assert.equal(third.json.error, 'invalid_grant', 'it has worked once at most');
    }
  });

  it('does not storm a server that hangs up: some attempts for each request, hardly any by itself', async () => {
    proxy.cut();
    let before = proxy.connections();
    const until = Date.now() + 3000;
    let asked = 0;
    while (Date.now() < until) {
      await Promise.all(Array.from({ length: 20 }, () => client.introspect(tokens.access_token)));
      asked += 20;
    }
    assert.ok(proxy.connections() - before <= 5 * asked, `${proxy.connections() - before} connections for ${asked} requests`);
    before = proxy.connections();
    await delay(2000);
    assert.ok(proxy.connections() - before <= 15, `${proxy.connections() - before} connections in 2 s for no request`);
    proxy.mend();
  });
});
