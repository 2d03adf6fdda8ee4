import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClientType } from '../../src/domain/clients/client.ts';
import { InvalidValueError } from '../../src/domain/errors.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { get, protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const LOOPBACK = 'http://127.0.0.1/callback';

describe('redirect URIs', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  /** The answer to an otherwise faultless request that names this address. */
  async function ask(type: ClientType, registered: string, redirectUri: string) {
    const client = await protocolClient(server, await server.addClient(type, { redirect_uris: [registered] }));
    return await client.request(new CookieBrowser(), { redirect_uri: redirectUri });
  }

  async function assertRefused(type: ClientType, registered: string, redirectUri: string) {
    const client = await server.addClient(type, { redirect_uris: [registered] });
    const query = new URLSearchParams({
      client_id: client.client.id,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: redirectUri,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    });
    const answer = await get(`${server.issuer}/oauth/authorize?${query}`, { accept: 'text/html' });
    assert.ok(answer.status >= 400 && answer.status < 500, `${redirectUri}: ${answer.status}`);
    assert.equal(answer.headers.get('location'), null, redirectUri);
    assert.doesNotMatch(answer.text, /<form|name="password"/, redirectUri);
    assert.match(answer.headers.get('content-type') ?? '', /html/);
  }

  it('[security 1] an address that is not registered gets an error page, no redirect and no login form', async () => {
    await assertRefused('web', CALLBACK, 'https://evil.example/callback');
    const client = await server.addClient('web', { redirect_uris: [CALLBACK, `${CALLBACK}2`] });
    const without = await get(`${server.issuer}/oauth/authorize?client_id=${client.client.id}&response_type=code&scope=openid`, {
      accept: 'text/html',
    });
    assert.equal(without.status, 400);
    assert.equal(without.headers.get('location'), null);
  });

  for (const variant of [
    `${CALLBACK}/`,
    'https://app.example.com',
    `${CALLBACK}?next=1`,
    `${CALLBACK}?`,
    `${CALLBACK}#`,
    `${CALLBACK}#part`,
    'https://app.example.com/Callback',
    'https://app.example.com/%63allback',
    'https://app.example.com/x/%2e%2e/callback',
    'https://app.example.com/x/../callback',
    'https://app.example.com/..;/callback',
    'https://app.example.com\\callback',
    'https://user@app.example.com/callback',
    'https://app.example.com@evil.example/callback',
    'https://app.example.com@evil.example@app.example.com/callback',
    'https://app.example.com.evil.example/callback',
    'https://app.example.com:8443/callback',
    'https://app.example.com:443/callback',
    'https://APP.example.com/callback',
    'HTTPS://app.example.com/callback',
    'http://app.example.com/callback',
    ` ${CALLBACK}`,
    `${CALLBACK}\t`,
    `${CALLBACK}\0`,
  ])
    it(`[security 2] ${JSON.stringify(variant)} is not ${CALLBACK}`, () => assertRefused('web', CALLBACK, variant));

  it('[security 3] a native client’s loopback address is good with any port, and with nothing else changed', async () => {
    for (const redirectUri of [LOOPBACK, 'http://127.0.0.1:51004/callback', 'http://127.0.0.1:8/callback']) {
      const page = await ask('native', LOOPBACK, redirectUri);
      assert.equal(page.status, 200, redirectUri);
      assert.match(page.html, /name="password"/);
    }
    const six = await ask('native', 'http://[::1]/callback', 'http://[::1]:51004/callback');
    assert.match(six.html, /name="password"/);
    for (const redirectUri of [
      'http://localhost:51004/callback',
      'http://127.0.0.1:51004/other',
      'http://127.0.0.1:51004/callback/',
      'http://127.0.0.1:51004/callback?x=1',
      'https://127.0.0.1:51004/callback',
      'http://127.0.0.2:51004/callback',
      'http://127.1:51004/callback',
      'http://user@127.0.0.1:51004/callback',
      'http://127.0.0.1:51004@evil.example/callback',
      'http://127.0.0.1.evil.example:51004/callback',
    ])
      await assertRefused('native', LOOPBACK, redirectUri);
  });

  it('[security 3] a web client’s loopback address is good with its own port only', () =>
    assertRefused('web', 'http://127.0.0.1:3001/callback', 'http://127.0.0.1:3002/callback'));

  it('an app’s own scheme can be a native client’s address', async () => {
    const page = await ask('native', 'com.example.app:/callback', 'com.example.app:/callback');
    assert.match(page.html, /name="password"/);
    await assertRefused('native', 'com.example.app:/callback', 'com.example.app:/callback2');
  });

  for (const type of ['web', 'spa', 'native'] as const)
    it(`[security 4] dangerous addresses cannot be registered for a ${type} client`, async () => {
      for (const uri of [
        'javascript:alert(1)',
        'JaVaScRiPt:alert(1)',
        'data:text/html,x',
        'file:///etc/passwd',
        'http://app.example.com/callback',
        'http://localhost.evil.test/callback',
        'http://127.0.0.1.evil.test/callback',
        'http://localhost@evil.test/callback',
        'https://app.example.com/callback#part',
        'https://app.example.com/callback#',
        'https://*.example.com/callback',
        'https://user:pw@app.example.com/callback',
        'https://app.example.com\\@evil.test/callback',
        '//app.example.com/callback',
        '/callback',
        'https:',
        '',
        'vbscript:x',
        'about:blank',
        'blob:https://app.example.com/x',
      ])
        for (const field of ['redirect_uris', 'post_logout_redirect_uris'])
          await assert.rejects(
            server.addClient(type, { redirect_uris: [CALLBACK], [field]: [uri] }),
            (error) => error instanceof InvalidValueError && error.field === field,
            `${field}: ${uri}`,
          );
    });
});
