import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { Account } from '../../src/domain/accounts/account.ts';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient } from '../support/protocol-client.ts';
import { authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { slowDown } from '../support/slow-storage.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

async function arrange() {
  const server = await startServer();
  const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  return { server, client, ...(await enrolled(server)) };
}

/** Somebody with an authenticator app, at the begin of a time step of which no code is used. */
async function enrolled(server: TestServer) {
  const account = await server.addAccount();
  const secret = newTotpSecret();
  const recoveryCodes = await enrol(server, account, secret);
  toNextStep(server);
  return { account, secret, recoveryCodes };
}

async function enrol(server: TestServer, account: Account, secret: string): Promise<readonly string[]> {
  const outcome = await server.house.mfa.enrol(account, secret, await codeAt(server, secret), ORIGIN);
  return 'codes' in outcome ? outcome.codes : assert.fail(outcome.kind);
}

async function codePage(client: ProtocolClient, account: Account, browser = new CookieBrowser()) {
  const page = await client.request(browser, { scope: 'openid', prompt: 'login' });
  const next = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
  assert.ok(next.html.includes('autocomplete="one-time-code"'), next.html.slice(0, 400));
  return { browser, page: next };
}

const isIn = (page: Page) => page.html.includes('value="allow"') || page.url.startsWith(CALLBACK);

async function recoveryPage(client: ProtocolClient, account: Account) {
  const { browser, page } = await codePage(client, account);
  return { browser, page: await browser.open(`${page.url}/recovery`) };
}

describe('the code of an authenticator app', () => {
  it('[security 83] is accepted once in its step, and an older one never after a newer one', async () => {
    const { server, client, account, secret } = await arrange();
    await using _server = server;
    const code = await codeAt(server, secret);
    const older = await codeAt(server, secret, -1);
    const first = await codePage(client, account);
    assert.ok(isIn(await first.browser.submit(first.page, '/totp', { code })));
    const second = await codePage(client, account);
    const replayed = await second.browser.submit(second.page, '/totp', { code });
    assert.equal(replayed.status, 401);
    assert.match(replayed.html, /used already/);
    assert.equal((await second.browser.submit(replayed, '/totp', { code: older })).status, 401);
    toNextStep(server);
    assert.ok(isIn(await second.browser.submit(second.page, '/totp', { code: await codeAt(server, secret) })));
    const audit = await server.house.storage.audit.list({ type: 'mfa.replayed', accountId: account.id, limit: 10 });
    assert.equal(audit.length, 2);
  });

  it('[security 83] sent ten times at once signs one browser in', async () => {
    const { server, client, account, secret } = await arrange();
    await using _server = server;
    const pages = await Promise.all(Array.from({ length: 10 }, () => codePage(client, account)));
    toNextStep(server);
    slowDown(server.house.storage);
    const code = await codeAt(server, secret);
    const answers = await Promise.all(pages.map(({ browser, page }) => browser.submit(page, '/totp', { code })));
    assert.equal(answers.filter(isIn).length, 1);
  });

  it('[security 83] sent three times at once in one browser goes on once', async () => {
    const { server, client, account, secret } = await arrange();
    await using _server = server;
    const { browser, page } = await codePage(client, account);
    slowDown(server.house.storage);
    const code = await codeAt(server, secret);
    const body = (csrf: string) => new URLSearchParams({ _csrf: csrf, code });
    const [, csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(page.html) ?? [];
    const answers = await Promise.all(
      Array.from({ length: 3 }, () =>
        browser.request(`${page.url}/totp`, { method: 'POST', body: body(csrf), headers: { 'sec-fetch-site': 'same-origin' } }),
      ),
    );
    const goOn = answers.filter(({ headers }) => headers.get('location')?.includes('/oauth/authorize/'));
    assert.equal(goOn.length, 1);
  });

  it('[security 84] counts from one step before to one step after, by the server’s clock', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    for (const [steps, good] of [
      [-2, false],
      [-1, true],
      [1, true],
      [2, false],
      [20, false],
    ] as const) {
      const { account, secret } = await enrolled(server);
      // Past the step in which the app was set up.
      toNextStep(server);
      const { browser, page } = await codePage(client, account);
      const answer = await browser.submit(page, '/totp', { code: await codeAt(server, secret, steps) });
      assert.equal(isIn(answer), good, `${steps} steps`);
    }
    const { account, secret } = await enrolled(server);
    const { browser, page } = await codePage(client, account);
    const late = { code: await codeAt(server, secret, 20), time: String(server.clock.now().getTime() / 1000 + 600) };
    assert.equal((await browser.submit(page, '/totp', late)).status, 400, 'nobody asked for the time');
  });

  it('takes codes with spaces, and nothing else that is no code', async () => {
    const { server, client, account, secret } = await arrange();
    await using _server = server;
    const { browser, page } = await codePage(client, account);
    for (const code of ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦'])
      assert.ok((await browser.submit(page, '/totp', { code })).status >= 400, code);
    const next = await codePage(client, account);
    const code = await codeAt(server, secret);
    assert.ok(isIn(await next.browser.submit(next.page, '/totp', { code: `${code.slice(0, 3)} ${code.slice(3)}` })));
  });

  it('[security 85] five wrong codes lead back to the password; a new sign-in goes on counting, apart from passwords', async () => {
    const { server, client, account, secret } = await arrange();
    await using _server = server;
    const fail = async () => {
      const { browser, page } = await codePage(client, account);
      let next = page;
      for (let tries = 0; tries < 5; tries++) next = await browser.submit(page, '/totp', { code: '000000' });
      assert.equal(next.status, 401);
      assert.ok(next.html.includes('name="password"'));
      const right = await browser.submit(page, '/totp', { code: await codeAt(server, secret) });
      assert.ok(right.html.includes('name="password"'), 'the right code comes too late');
    };
    await fail();
    await fail();
    const third = await codePage(client, account);
    const paused = await third.browser.submit(third.page, '/totp', { code: await codeAt(server, secret) });
    assert.equal(paused.status, 429, 'ten wrong codes over two sign-ins');
    const recovery = await recoveryPage(client, account);
    assert.equal(
      (await recovery.browser.submit(recovery.page, '/recovery', { code: 'ABCD' })).status,
      429,
      '[security 67] by any other code, too',
    );
    server.clock.advance(901);
    const later = await codePage(client, account);
    assert.ok(isIn(await later.browser.submit(later.page, '/totp', { code: await codeAt(server, secret) })));
  });

  it('[security 85] guesses at once are no more than guesses one after the other', async () => {
    const { server, client, account } = await arrange();
    await using _server = server;
    const { browser, page } = await codePage(client, account);
    slowDown(server.house.storage);
    await Promise.all(Array.from({ length: 30 }, () => browser.submit(page, '/totp', { code: '000000' })));
    const failures = await server.house.storage.audit.list({ type: 'mfa.failed', accountId: account.id, limit: 100 });
    assert.equal(failures.length, 5);
  });

  it('[security 67] an account that is switched off between password and code does not get in', async () => {
    const { server, client, account, secret, recoveryCodes } = await arrange();
    await using _server = server;
    const [first, second] = [await codePage(client, account), await recoveryPage(client, account)];
    const third = await codePage(client, account);
    const done = await third.browser.submit(third.page, '/totp', { code: await codeAt(server, secret) });
    assert.ok(isIn(done));
    await server.house.accounts.setDisabled(account, true, ORIGIN);
    toNextStep(server);
    for (const answer of [
      await first.browser.submit(first.page, '/totp', { code: await codeAt(server, secret) }),
      await second.browser.submit(second.page, '/recovery', { code: recoveryCodes[0] ?? '' }),
      await third.browser.submit(done, '/consent', { decision: 'allow' }),
    ])
      assert.ok(!isIn(answer), answer.url);
  });

  it('[security 67] a code for tokens that was given before the account was switched off is worth nothing', async () => {
    const { server, client } = await arrange();
    await using _server = server;
    const account = await server.addAccount();
    const authorized = await client.authorize(new CookieBrowser(), { identifier: account.email });
    await server.house.accounts.setDisabled(account, true, ORIGIN);
    assert.equal((await client.exchange(authorized)).json.error, 'invalid_grant');
  });
});

describe('recovery codes', () => {
  it('[security 88] work once each, in any spelling, and are stored as digests of 120 random bits', async () => {
    const { server, client, account, recoveryCodes } = await arrange();
    await using _server = server;
    const [code = '', second = ''] = recoveryCodes;
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{24}$/);
    const first = await recoveryPage(client, account);
    const spelled = `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`;
    assert.ok(isIn(await first.browser.submit(first.page, '/recovery', { code: spelled })));
    const again = await recoveryPage(client, account);
    assert.equal((await again.browser.submit(again.page, '/recovery', { code })).status, 401);
    assert.ok(isIn(await again.browser.submit(again.page, '/recovery', { code: second })));
    assert.equal(await server.house.storage.mfa.countRecoveryCodes(account.tenantId, account.id), recoveryCodes.length - 2);
  });

  it('[security 88] one sent ten times at once signs one browser in', async () => {
    const { server, client, account, recoveryCodes } = await arrange();
    await using _server = server;
    const pages = await Promise.all(Array.from({ length: 10 }, () => recoveryPage(client, account)));
    slowDown(server.house.storage);
    const code = recoveryCodes[0] ?? '';
    const answers = await Promise.all(pages.map(({ browser, page }) => browser.submit(page, '/recovery', { code })));
    assert.equal(answers.filter(isIn).length, 1);
  });

  it('[security 88] of an earlier set-up are dead', async () => {
    const { server, client, account, recoveryCodes } = await arrange();
    await using _server = server;
    await server.house.mfa.remove(account, ORIGIN);
    await enrol(server, account, newTotpSecret());
    const { browser, page } = await recoveryPage(client, account);
    assert.equal((await browser.submit(page, '/recovery', { code: recoveryCodes[0] ?? '' })).status, 401);
  });

  it('give acr aal2 without claiming a one-time password', async () => {
    const { server, client, account, recoveryCodes } = await arrange();
    await using _server = server;
    const request = await authorizationRequest(client.config, { scope: 'openid' });
    const browser = new CookieBrowser();
    let page = await browser.open(request.url);
    page = await browser.submit(page, '/password', { identifier: account.email, password: PASSWORD });
    page = await browser.submit(await browser.open(`${page.url}/recovery`), '/recovery', { code: recoveryCodes[0] ?? '' });
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    const code = new URL(page.url).searchParams.get('code') ?? '';
    const claims = decodeJwt(String((await client.exchange({ code, request, callback: new URL(page.url) })).json.id_token));
    assert.deepEqual([claims.acr, claims.amr], ['aal2', ['pwd', 'mfa']]);
  });
});
