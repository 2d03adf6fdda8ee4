import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { slowDown } from '../support/slow-storage.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const NEW_PASSWORD = 'purple-elephants-read-maps-4';

async function changePassword(server: TestServer, name: string) {
  const account = await server.house.accounts.resolve(name);
  const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
  assert.ok(await server.house.accounts.usePasswordLink(secret, NEW_PASSWORD, ORIGIN));
}

async function isSignedIn(client: ProtocolClient, browser: CookieBrowser): Promise<boolean> {
  const answer = new URL((await client.request(browser, { prompt: 'none' })).url).searchParams;
  if (answer.get('code')) return true;
  assert.equal(answer.get('error'), 'login_required');
  return false;
}

async function arrange() {
  const server = await startServer();
  const account = await server.addAccount();
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  return { server, account, client, person: { identifier: account.email } };
}

describe('what a new password ends', () => {
  it('[security 29] [security 91] every session and every token, in every browser', async () => {
    const { server, account, client, person } = await arrange();
    await using _server = server;
    const browsers = [new CookieBrowser(), new CookieBrowser()];
    const tokens = await Promise.all(browsers.map((browser) => tokensOf(client, person, { browser })));
    await changePassword(server, account.email);
    for (const browser of browsers) assert.equal(await isSignedIn(client, browser), false);
    for (const { access_token: access, refresh_token: refresh } of tokens) {
      assert.deepEqual((await client.introspect(access)).json, { active: false });
      assert.equal((await userinfo(server, access)).status, 401);
      assert.equal((await client.refresh(refresh)).json.error, 'invalid_grant');
    }
    await client.authorize(new CookieBrowser(), { ...person, password: NEW_PASSWORD });
  });

  it('[security 29] a sign-in with the old password that waits at its last step', async () => {
    const { server, account, client } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    const page = await browser.open((await authorizationRequest(client.config)).url);
    const [, csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(page.html) ?? [];
    const body = new URLSearchParams({ _csrf: csrf, identifier: account.email, password: PASSWORD });
    const answer = await browser.request(`${page.url}/password`, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } });
    await changePassword(server, account.email);
    const late = await browser.open(new URL(answer.headers.get('location') ?? '', server.issuer).href);
    assert.ok(late.html.includes('name="password"'));
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('[security 29] a session that is in use at that very moment', async () => {
    const { server, account, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    await client.authorize(browser, person);
    slowDown(server.house.storage);
    const changed = changePassword(server, account.email);
    let done = false;
    const finished = changed.then(() => (done = true));
    const poll = async () => {
      while (!done) await client.request(browser, { prompt: 'none' });
    };
    await Promise.all([finished, ...Array.from({ length: 8 }, poll)]);
    assert.equal(await isSignedIn(client, browser), false);
  });

  it('[security 78] switching an account off, also once it is on again', async () => {
    const { server, account, client, person } = await arrange();
    await using _server = server;
    const browser = new CookieBrowser();
    await client.authorize(browser, person);
    slowDown(server.house.storage);
    let done = false;
    const off = server.house.accounts.setDisabled(account, true, ORIGIN).then(() => (done = true));
    const poll = async () => {
      while (!done) await client.request(browser, { prompt: 'none' });
    };
    await Promise.all([off, ...Array.from({ length: 8 }, poll)]);
    assert.equal(await isSignedIn(client, browser), false);
    await server.house.accounts.setDisabled(account, false, ORIGIN);
    assert.equal(await isSignedIn(client, browser), false);
  });
});
