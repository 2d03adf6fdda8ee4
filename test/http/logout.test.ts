import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import type { Account } from '../../src/domain/accounts/account.ts';
import { openCanary } from '../support/canary.ts';
import { CookieBrowser, formsOf } from '../support/cookie-browser.ts';
import { eventually } from '../support/eventually.ts';
import { type ProtocolClient, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const AFTERWARDS = 'https://app.example.com/signed-out';

describe('signing out', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let account: Account;
  before(async () => {
    server = await startServer();
    account = await server.addAccount();
    client = await protocolClient(
      server,
      await server.addClient('web', { redirect_uris: [CALLBACK], post_logout_redirect_uris: [AFTERWARDS] }),
    );
  });
  after(() => server[Symbol.asyncDispose]());

  const address = (parameters: Record<string, string>) => `${server.issuer}/oauth/logout?${new URLSearchParams(parameters)}`;

  async function signedIn() {
    const browser = new CookieBrowser();
    const tokens = await tokensOf(client, { identifier: account.email }, { browser });
    return { browser, idToken: String(tokens.id_token) };
  }

  async function isSignedIn(browser: CookieBrowser): Promise<boolean> {
    return new URL((await client.request(browser, { prompt: 'none' })).url).searchParams.get('code') !== null;
  }

  it('asks, signs out, and goes back to the registered address with the state', async () => {
    const { browser, idToken } = await signedIn();
    const page = await browser.open(address({ id_token_hint: idToken, post_logout_redirect_uri: AFTERWARDS, state: 'the-state' }));
    assert.match(page.html, /Sign out of/);
    assert.match(page.html, new RegExp(client.issued.client.name));
    assert.equal(await isSignedIn(browser), true, 'nothing happens before the person says so');
    const again = await browser.open(address({ id_token_hint: idToken, post_logout_redirect_uri: AFTERWARDS, state: 'the-state' }));
    const done = await browser.submit(again, '/oauth/logout/confirm', { logout: 'yes' });
    assert.equal(done.url, `${AFTERWARDS}?state=the-state`);
    assert.equal(await isSignedIn(browser), false);
    const [entry] = await server.house.storage.audit.list({ type: 'logout.succeeded', limit: 1 });
    assert.equal(entry?.accountId, account.id);
  });

  it('leaves a person signed in who decides to stay', async () => {
    const { browser, idToken } = await signedIn();
    const page = await browser.open(address({ id_token_hint: idToken, post_logout_redirect_uri: AFTERWARDS }));
    const stayed = await browser.submit(page, '/oauth/logout/confirm');
    assert.equal(stayed.url, AFTERWARDS);
    assert.equal(await isSignedIn(browser), true);
  });

  it('[security 76] without a hint it asks, and stays here', async () => {
    const { browser } = await signedIn();
    const page = await browser.open(address({ post_logout_redirect_uri: 'https://evil.example/' }));
    assert.match(page.html, /Sign out of/);
    const done = await browser.submit(page, '/oauth/logout/confirm', { logout: 'yes' });
    assert.match(done.html, /You are signed out/);
    assert.ok(done.url.startsWith(server.issuer));
    assert.equal(await isSignedIn(browser), false);
  });

  it('[security 76] an address that is not registered is an error page, with or without a hint', async () => {
    const { browser, idToken } = await signedIn();
    const { id } = client.issued.client;
    for (const uri of ['https://evil.example/', `${AFTERWARDS}/`, `${AFTERWARDS}?x=1`, 'javascript:alert(1)', CALLBACK])
      for (const about of [{ id_token_hint: idToken }, { client_id: id }]) {
        const page = await browser.open(address({ ...about, post_logout_redirect_uri: uri }));
        assert.equal(page.status, 400, uri);
        assert.deepEqual(formsOf(page), []);
        assert.ok(page.url.startsWith(server.issuer));
      }
    assert.equal(await isSignedIn(browser), true);
  });

  it('[security 76] a forged hint is an error page and signs nobody out', async () => {
    const { browser, idToken } = await signedIn();
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT({ sub: account.id, aud: client.issued.client.id })
      .setProtectedHeader({ alg: 'RS256' })
      .setIssuer(server.issuer)
      .sign(privateKey);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${idToken.split('.')[1]}.`;
    for (const hint of [forged, none, `${idToken.slice(0, -4)}AAAA`, 'nonsense', 'a.b.c']) {
      const page = await browser.open(address({ id_token_hint: hint, post_logout_redirect_uri: AFTERWARDS }));
      assert.equal(page.status, 400, hint);
    }
    const other = await server.addClient('web', { redirect_uris: [CALLBACK] });
    const mismatch = await browser.open(address({ id_token_hint: idToken, client_id: other.client.id }));
    assert.equal(mismatch.status, 400);
    assert.equal(await isSignedIn(browser), true);
  });

  it('[security 46] an application that is to be told and cannot be reached keeps nobody here, and is written down', async () => {
    await using canary = await openCanary();
    const backchannel_logout_uri = `http://localhost:${canary.port}/over`;
    const inside = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK], backchannel_logout_uri }));
    const browser = new CookieBrowser();
    await tokensOf(inside, { identifier: account.email }, { browser });
    const done = await browser.submit(await browser.open(address({})), '/oauth/logout/confirm', { logout: 'yes' });
    assert.match(done.html, /You are signed out/);
    assert.equal(canary.requests(), 0);
    const [entry] = await eventually(async () => {
      const entries = await server.house.storage.audit.list({ type: 'logout.undelivered', limit: 1 });
      return entries.length > 0 && entries;
    });
    assert.deepEqual([entry?.clientId, entry?.accountId], [inside.issued.client.id, account.id]);
  });

  it('[security 77] an application that is slow to hear of it keeps nobody waiting, and is told again when it did not take it', async () => {
    let told = 0;
    await using application = await openCanary((_request, response) => {
      told += 1;
      // The first is never answered, the second is refused.
      if (told > 1) response.writeHead(told === 2 ? 500 : 200).end();
    });
    await using here = await startServer({
      GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: `["localhost:${application.port}"]`,
      GATEHOUSE_OUTBOUND__TIMEOUT_MS: '1500',
    });
    const backchannel_logout_uri = `http://localhost:${application.port}/over`;
    const slow = await protocolClient(here, await here.addClient('web', { redirect_uris: [CALLBACK], backchannel_logout_uri }));
    const browser = new CookieBrowser();
    await tokensOf(slow, { identifier: (await here.addAccount()).email }, { browser });
    const done = await browser.submit(await browser.open(`${here.issuer}/oauth/logout`), '/oauth/logout/confirm', { logout: 'yes' });
    assert.match(done.html, /You are signed out/);
    assert.equal(told, 1, 'it has not answered yet');
    await eventually(async () => told === 3);
    assert.deepEqual(await here.house.storage.audit.list({ type: 'logout.undelivered', limit: 1 }), []);
  });

  it('somebody who is not signed in is signed out', async () => {
    const browser = new CookieBrowser();
    const page = await browser.open(address({}));
    const done = await browser.submit(page, '/oauth/logout/confirm');
    assert.match(done.html, /You are signed out/);
  });
});
