import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { composeServer } from '../../src/server/compose-server.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { openTestHouse } from '../support/open-test-house.ts';
import { get, type ProtocolClient, post, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { call } from '../support/rest-client.ts';
import { startProcess } from '../support/start-process.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTestProvider } from '../support/test-provider.ts';

/** The samples of an answer: a line of the text format, its value. */
async function samplesOf(url: string): Promise<ReadonlyMap<string, number>> {
  const { status, headers, text } = await get(url);
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('/metrics beside everything else', () => {
  let server: TestServer;
  let client: ProtocolClient;
  const samples = () => samplesOf(`${server.issuer}/metrics`);
  const values = async (...names: readonly string[]) => {
    const all = await samples();
    return names.map((name) => all.get(name) ?? 0);
  };
  before(async () => {
    server = await startServer({
      GATEHOUSE_LIMITS__LOGIN_ADDRESS: '{"limit":2,"window":60,"block":60}',
      GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]',
    });
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  it('counts requests by the templates of their routes, sign-ins, tokens and events', async () => {
    const account = await server.addAccount();
    await tokensOf(client, { identifier: account.email });
    assert.deepEqual(
      await values(
        'gatehouse_http_requests_total{method="POST",route="/interaction/:uid/password",status="303"}',
        'gatehouse_http_requests_total{method="POST",route="/oauth/token",status="200"}',
        'gatehouse_http_request_duration_seconds_count{route="/oauth/token"}',
        'gatehouse_logins_total{outcome="succeeded"}',
        'gatehouse_tokens_issued_total{kind="authorization_code"}',
        'gatehouse_audit_events_total{type="account.created"}',
      ),
      [1, 1, 1, 1, 1, 1],
    );
    const all = await samples();
    assert.ok([...all.keys()].some((name) => name.startsWith('gatehouse_http_requests_total{method="GET",route="/oauth/authorize/:uid"')));
    assert.ok((all.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
  });

  it('counts what a limit refused, and is itself refused by none', async () => {
    const account = await server.addAccount();
    for (let tries = 0; tries < 3; tries++) {
      const browser = new CookieBrowser();
      const page = await client.request(browser);
      await browser.submit(page, '/password', { identifier: account.email, password: 'wrong' });
    }
    assert.deepEqual(
      await values(
        'gatehouse_logins_total{outcome="failed"}',
        'gatehouse_logins_total{outcome="paused"}',
        'gatehouse_http_requests_total{method="POST",route="/interaction/:uid/password",status="429"}',
      ),
      [2, 1, 1],
    );
    server.clock.advance(61);
    for (let asked = 0; asked < 150; asked++) assert.equal((await get(`${server.issuer}/metrics`)).status, 200);
  });

  it('answers under any name, with what no cache keeps', async () => {
    const { status, headers } = await rawRequest(`${server.issuer}/metrics`, { headers: { host: '10.0.0.7:9464' } });
    assert.deepEqual([status, headers['cache-control']], [200, 'no-store']);
    assert.equal((await post(`${server.issuer}/metrics`, {})).status, 404);
  });

  it('counts sign-ins with other providers and times their answers, and tells which are left alone', async () => {
    await using there = await startTestProvider();
    there.idToken = (usual) => ({ ...usual, email: 'ada@lazy.example' });
    const settings = {
      id: 'there',
      preset: 'oidc',
      issuer: there.issuer,
      client_id: 'us',
      client_secret: 'hush',
      creation: 'everybody',
    } as const;
    await server.house.providers.create(settings, ORIGIN);
    const signIn = async () => {
      const browser = new CookieBrowser();
      const away = await client.request(browser, { scope: 'openid', idp_hint: 'there' });
      return await browser.open(there.authorize(new URL(away.url)).href);
    };
    const told = async () => {
      const [signedIn, unavailable, open, asked] = await values(
        'gatehouse_federation_sign_ins_total{provider="there",outcome="signed_in"}',
        'gatehouse_federation_sign_ins_total{provider="there",outcome="upstream_unavailable"}',
        'gatehouse_upstream_breaker_open{provider="there"}',
        'gatehouse_upstream_request_duration_seconds_count{provider="there"}',
      );
      return { signedIn, unavailable, open, asked };
    };
    await signIn();
    assert.deepEqual(await told(), { signedIn: 1, unavailable: 0, open: 0, asked: 4 }, 'discovery, token, keys, userinfo');
    there.instead.token = (_request, response) => response.writeHead(500).end();
    for (let failures = 0; failures < 4; failures++) assert.equal((await signIn()).status, 502);
    assert.deepEqual(await told(), { signedIn: 1, unavailable: 4, open: 1, asked: 7 }, 'the last was not even asked');
    delete there.instead.token;
    server.clock.advance(31);
    await signIn();
    assert.deepEqual(await told(), { signedIn: 2, unavailable: 4, open: 0, asked: 9 });
    await client.request(new CookieBrowser(), { scope: 'openid', idp_hint: 'made-up' });
    assert.ok(![...(await samples()).keys()].some((name) => name.includes('made-up')));
  });

  it('counts mails', async () => {
    const { email } = await server.addAccount();
    await call(server, { path: '/authenticate/password-reset', body: { Email: email } });
    await eventually(async () => {
      const [failed, events] = await values('gatehouse_mails_total{outcome="failed"}', 'gatehouse_audit_events_total{type="mail.failed"}');
      return failed === 1 && events === 1;
    });
  });

  it('has a bounded set of labels, without a path, a secret, a name or an id in them', async () => {
    const account = await server.addAccount();
    const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
    const tokens = await tokensOf(client, { identifier: account.email });
    const before = (await samples()).size;
    for (let index = 0; index < 50; index++) {
      await get(`${server.issuer}/nowhere/${index}/${secret}`);
      await get(`${server.issuer}/password/${secret}${index}`);
      await get(`${server.issuer}/oauth/authorize/${secret}${index}`);
      await get(`${server.issuer}/assets/${index}.css`);
      await get(`${server.issuer}/api/v1/${secret}${index}?token=${tokens.access_token}`);
    }
    await rawRequest(`${server.issuer}/healthz`, { method: 'PROPFIND' });
    const all = await samples();
    const made = all.size - before;
    assert.ok(made < 120, `${made} series were made`);
    const text = [...all.keys()].join('\n');
    for (const hidden of [
      secret,
      account.id,
      account.email,
      String(client.issued.client.id),
      String(tokens.access_token),
      'nowhere',
      '127.0.0.1',
      PASSWORD,
    ])
      assert.ok(!text.includes(hidden), hidden);
    const labels = new Set([...text.matchAll(/(\w+)="/g)].map(([, name]) => name));
    for (const label of ['method', 'route', 'status', 'outcome', 'kind', 'type']) assert.ok(labels.has(label), label);
    assert.ok(text.includes('route="other"'));
    assert.ok(text.includes('method="other"'));
    assert.ok(!labels.has('worker'));
  });
});

describe('/metrics on a listener of its own', () => {
  it('answers there and nowhere else, and nothing else there', async () => {
    const port = await freePort();
    await using folder = await temporaryFolder();
    await using server = await startProcess({
      PORT: String(await freePort()),
      GATEHOUSE_DATA_DIR: folder.path,
      GATEHOUSE_DEMO: 'off',
      GATEHOUSE_METRICS__LISTENER: 'own',
      GATEHOUSE_METRICS__PORT: String(port),
      GATEHOUSE_SERVER__DRAIN_SECONDS: '1',
    });
    const own = `http://localhost:${port}`;
    assert.equal((await get(`${server.issuer}/metrics`)).status, 404);
    const found = await samplesOf(`${own}/metrics`);
    assert.equal(found.get('gatehouse_http_requests_total{method="GET",route="other",status="404"}'), 1);
    assert.equal((await rawRequest(`${own}/metrics`, { headers: { host: 'prometheus.example' } })).status, 200);
    for (const path of ['/', '/healthz', '/oauth/token', '/login']) assert.equal((await get(`${own}${path}`)).status, 404, path);
    assert.equal(await server.end('SIGTERM'), 0);
    await assert.rejects(fetch(`${own}/metrics`));
  });

  it('ends a start whose port is taken, and says which setting it is', async () => {
    const taken = createServer().listen(0, 'localhost');
    await once(taken, 'listening');
    await using folder = await temporaryFolder();
    try {
      const starting = startProcess({
        PORT: String(await freePort()),
        GATEHOUSE_DATA_DIR: folder.path,
        GATEHOUSE_METRICS__LISTENER: 'own',
        GATEHOUSE_METRICS__PORT: String((taken.address() as AddressInfo).port),
      });
      await assert.rejects(starting, /The metrics: listen EADDRINUSE.*Set metrics\.host or metrics\.port/);
    } finally {
      taken.close();
    }
  });

  it('is shared by the workers, each of which says who it is', async () => {
    const port = await freePort();
    await using folder = await temporaryFolder();
    await using server = await startProcess({
      PORT: String(await freePort()),
      GATEHOUSE_DATA_DIR: folder.path,
      GATEHOUSE_SERVER__WORKERS: '2',
      GATEHOUSE_METRICS__LISTENER: 'own',
      GATEHOUSE_METRICS__PORT: String(port),
      GATEHOUSE_SERVER__DRAIN_SECONDS: '1',
    });
    const seen = new Set<string>();
    await eventually(async () => {
      const { text } = await rawRequest(`http://localhost:${port}/metrics`);
      for (const [, worker = ''] of text.matchAll(/worker="(\d+)"/g)) seen.add(worker);
      return seen.size === 2;
    });
    assert.ok(!seen.has(String(server.pid)));
    assert.equal(await server.end('SIGTERM'), 0);
  });

  it('says which worker an answer is of', async () => {
    await using folder = await temporaryFolder();
    await using house = await openTestHouse({
      GATEHOUSE_DATA_DIR: folder.path,
      GATEHOUSE_SERVER__WORKERS: '2',
      GATEHOUSE_METRICS__LISTENER: 'own',
    });
    const stop = new AbortController();
    const { metricsApp } = await composeServer(house, stop.signal);
    assert.ok(metricsApp);
    const listener = metricsApp.listen(0, 'localhost');
    await once(listener, 'listening');
    try {
      const found = await samplesOf(`http://localhost:${(listener.address() as AddressInfo).port}/metrics`);
      assert.ok([...found.keys()].every((name) => name.includes(`worker="${process.pid}"`)));
    } finally {
      listener.closeAllConnections();
      listener.close();
      stop.abort();
    }
  });
});
