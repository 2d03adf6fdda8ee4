import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseClientMetadata as parse } from '../../src/domain/clients/client-metadata.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { get, type ProtocolClient, post, protocolClient } from '../support/protocol-client.ts';
import { rawRequest } from '../support/raw-request.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';
import { openTlsGate } from '../support/tls-gate.ts';

const MARKUP = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;

describe('every page', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  /** One of each kind, errors included. */
  async function pages(): Promise<Record<string, Page>> {
    const account = await server.addAccount();
    const browser = new CookieBrowser();
    const login = await client.request(browser);
    const wrong = await browser.submit(login, '/password', { identifier: account.email, password: 'wrong-password' });
    const consent = await browser.submit(login, '/password', { identifier: account.email, password: PASSWORD });
    const link = await server.house.accounts.createPasswordLink(account, ORIGIN);
    return {
      login,
      wrong,
      consent,
      'account choice': await client.request(browser, { prompt: 'select_account' }),
      'wrong redirect_uri': await client.request(browser, { redirect_uri: 'https://evil.example/' }),
      'unknown client': await browser.open(`${server.issuer}/oauth/authorize?client_id=nobody`),
      'lost interaction': await browser.open(`${server.issuer}/interaction/unknown`),
      'not found': await browser.open(`${server.issuer}/nothing/here`),
      'ways to sign in': await browser.open(`${server.issuer}/account/sign-in`),
      'nobody signed in': await new CookieBrowser().open(`${server.issuer}/account/${server.tenant.slug}/sign-in?iss=x`),
      'sign out': await browser.open(`${server.issuer}/oauth/logout`),
      'set password': await browser.open(`${server.issuer}/password/${link}`),
      'dead link': await browser.open(`${server.issuer}/password/unknown`),
      'dead set-up': await browser.open(`${server.issuer}/setup/unknown`),
      'form post': await client.request(new CookieBrowser(), { response_mode: 'form_post', prompt: 'none' }),
      'bad form': await browser.open(`${login.url}/password`, { method: 'POST', body: 'x' }),
    };
  }

  it('[security 80] has the headers that keep scripts, frames and referrers out', async () => {
    for (const [name, { headers, html, status }] of Object.entries(await pages())) {
      assert.match(headers.get('content-type') ?? '', /^text\/html/, `${name} ${status}`);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, name);
      assert.match(policy, /frame-ancestors 'none'/, name);
      assert.match(policy, /base-uri 'none'/, name);
      assert.doesNotMatch(policy, /unsafe|\*|http:|form-action/, name);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', name);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', name);
      assert.equal(headers.get('x-frame-options'), 'DENY', name);
      assert.equal(headers.get('x-powered-by'), null, name);
      assert.equal(headers.get('server'), null, name);
      assert.match(headers.get('cache-control') ?? '', /no-store/, `[security 42] ${name}`);
      assert.match(headers.get('x-request-id') ?? '', /^req_/, name);
      if (name !== 'form post') assert.doesNotMatch(html, /<script>|<style|style="|onclick=|javascript:/i, name);
    }
  });

  it('[security 80] says over TLS that it wants TLS', async () => {
    await using gate = await openTlsGate();
    await using secure = await startServer(gate.settings);
    gate.leadTo(secure.house.config.server.port);
    const { headers } = await get(`${secure.issuer}/oauth/authorize`, { accept: 'text/html' });
    assert.match(headers.get('strict-transport-security') ?? '', /^max-age=\d{8,}/);
    const { headers: plain } = await get(`${server.issuer}/oauth/authorize`, { accept: 'text/html' });
    assert.equal(plain.get('strict-transport-security'), null);
  });

  it('[security 81] shows what comes from outside as text', async () => {
    const account = await server.addAccount({ displayName: MARKUP });
    const marked = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK], client_name: MARKUP }));
    const browser = new CookieBrowser();
    const request = await authorizationRequest(marked.config, { login_hint: MARKUP, state: MARKUP, ui_locales: MARKUP, display: MARKUP });
    const login = await browser.open(request.url);
    const wrong = await browser.submit(login, '/password', { identifier: MARKUP, password: 'wrong-password' });
    const consent = await browser.submit(login, '/password', { identifier: account.email, password: PASSWORD });
    const shown = [
      login,
      wrong,
      consent,
      await marked.request(browser, { prompt: 'select_account' }),
      await browser.open(`${server.issuer}/oauth/logout?client_id=${marked.issued.client.id}`),
      await marked.request(browser, { redirect_uri: `https://evil.example/${MARKUP}` }),
      await browser.open(`${server.issuer}/oauth/authorize?client_id=${encodeURIComponent(MARKUP)}`),
      await browser.open(
        `${server.issuer}/oauth/authorize?${encodeURIComponent(MARKUP)}=1&client_id=${marked.issued.client.id}&scope=${encodeURIComponent(MARKUP)}`,
      ),
      await browser.open(`${server.issuer}/${encodeURIComponent(MARKUP)}`),
    ];
    for (const { html, url } of shown) assert.ok(!html.includes('<script>alert') && !html.includes('<img'), url);
    assert.ok(login.html.includes('&lt;script&gt;') && consent.html.includes('&lt;script&gt;'), 'and shows it');
    const json = await get(`${server.issuer}/${encodeURIComponent(MARKUP)}`, { accept: 'application/json' });
    assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
  });

  it('[security 52] bounds what a client may call itself, and warns of one that nobody vouches for', async () => {
    for (const name of ['x'.repeat(121), 'x'.repeat(100_000), 'a\u202egnp.exe', 'two\nlines', '', ' '])
      await assert.rejects(
        async () =>
          await server.house.clients.create({ tenantId: server.tenant.id, type: 'web', metadata: parse({ client_name: name }) }, ORIGIN),
        { code: 'invalid_value' },
        name.slice(0, 20),
      );
    for (const member of ['policy_uri', 'tos_uri', 'logo_uri', 'client_uri'])
      assert.throws(() => parse({ client_name: 'x', [member]: 'javascript:alert(1)' }), { field: member });
    const consentOf = async (verified: boolean) => {
      const issued = await server.house.clients.create(
        { tenantId: server.tenant.id, type: 'web', verified, metadata: { client_name: 'Parcels', redirect_uris: [CALLBACK] } },
        ORIGIN,
      );
      const account = await server.addAccount();
      const browser = new CookieBrowser();
      const page = await (await protocolClient(server, issued)).request(browser);
      return (await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD })).html;
    };
    assert.match(await consentOf(false), /Unverified app[\s\S]*has not checked this app/);
    assert.doesNotMatch(await consentOf(true), /has not checked this app/);
  });

  it('[security 82] goes where it was going, whatever return address is slipped in', async () => {
    const account = await server.addAccount();
    await client.authorize(new CookieBrowser(), { identifier: account.email });
    for (const target of [
      '//evil.example',
      '/\\evil.example',
      '%2f%2fevil.example',
      '\tevil.example',
      'https:evil.example',
      'javascript:alert(1)',
      'a@evil.example',
      'https://evil.example',
    ]) {
      const browser = new CookieBrowser();
      const parameters = Object.fromEntries(['return_to', 'next', 'url', 'redirect', 'continue', 'returnTo'].map((name) => [name, target]));
      const page = await client.request(browser, parameters);
      const done = await browser.submit(
        { ...page, url: `${page.url}?return_to=${encodeURIComponent(target)}&as=${encodeURIComponent(target)}` },
        '/password',
        {
          identifier: account.email,
          password: PASSWORD,
        },
      );
      assert.ok(done.url.startsWith(`${CALLBACK}?`), done.url);
      assert.doesNotMatch(page.html, /evil\.example/);
    }
  });

  it('[security 112] errors show a reference and neither stack nor version', async () => {
    const bad = await post(`${server.issuer}/oauth/token`, { grant_type: 'authorization_code', code: 'x'.repeat(50_000) });
    const texts = [bad.text, ...Object.values(await pages()).map(({ html }) => html)];
    for (const text of texts) assert.doesNotMatch(text, /\bat .*\.[jt]s:\d+|node_modules|oidc-provider|koa|Node\.js/i);
    const page = await get(`${server.issuer}/nothing`, { accept: 'text/html' });
    assert.match(page.text, new RegExp(page.headers.get('x-request-id') ?? '-'));
  });

  it('[security 112] TRACE and unknown methods are refused, and echo nothing', async () => {
    for (const path of ['/', '/oauth/token', '/oauth/authorize', '/interaction/x', '/healthz', '/password/x'])
      for (const method of ['TRACE', 'PROPFIND', 'SEARCH']) {
        const answer = await rawRequest(`${server.issuer}${path}`, { method, headers: { 'x-secret': 'echo-me' } });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.match(String(answer.headers.allow), /GET/);
        assert.doesNotMatch(answer.text, /echo-me/);
      }
  });

  it('[security 112] there are neither metrics nor debugging pages on the public address', async () => {
    // As it is away from localhost.
    await using apart = await startServer({ GATEHOUSE_METRICS__LISTENER: 'own' });
    for (const path of [
      '/metrics',
      '/debug',
      '/debug/pprof',
      '/.env',
      '/.git/config',
      '/server-status',
      '/assets/../package.json',
      '/assets/%2e%2e/package.json',
    ])
      assert.equal((await rawRequest(`${apart.issuer}${path}`)).status, 404, path);
  });
});
