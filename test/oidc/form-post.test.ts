import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CookieBrowser, formsOf } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK, signIn } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

describe('response_mode=form_post', () => {
  let server: TestServer;
  let client: ProtocolClient;
  before(async () => {
    server = await startServer();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  it('brings the code to the client in a form', async () => {
    const account = await server.addAccount();
    const request = await authorizationRequest(client.config, { response_mode: 'form_post' });
    const page = await signIn(new CookieBrowser(), request.url, { identifier: account.email });
    assert.equal(page.status, 200);
    const [form] = formsOf(page);
    assert.equal(form?.action, CALLBACK);
    assert.equal(form?.hidden.state, request.checks.expectedState);
    assert.equal(form?.hidden.iss, server.issuer);
    const code = form?.hidden.code ?? '';
    assert.equal((await client.exchange({ code, request, callback: new URL(CALLBACK) })).status, 200);
  });

  it('[security 18] a state with markup is text, in a page that nobody stores and that runs no script of its own', async () => {
    const state = `"><script>alert(1)</script>'&lt;`;
    const page = await client.request(new CookieBrowser(), { response_mode: 'form_post', prompt: 'none', state });
    assert.equal(page.status, 400);
    assert.ok(!page.html.includes('<script>alert'));
    assert.equal(formsOf(page)[0]?.hidden.state, state);
    assert.equal(formsOf(page)[0]?.hidden.error, 'login_required');
    assert.match(page.headers.get('cache-control') ?? '', /no-store/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.doesNotMatch(policy, /unsafe-inline|form-action/);
    assert.match(policy, /script-src 'self';/);
    assert.doesNotMatch(page.html, /<script(?! src="\/assets\/)/);
  });

  it('[security 18] other response modes are refused', async () => {
    for (const mode of ['web_message', 'jwt', 'query.jwt', 'fragment.jwt', '"><script>']) {
      const page = await client.request(new CookieBrowser(), { response_mode: mode, prompt: 'none' });
      assert.ok(page.url.startsWith(CALLBACK), page.url);
      assert.equal(new URL(page.url).searchParams.get('error'), 'unsupported_response_mode', mode);
    }
  });
});
