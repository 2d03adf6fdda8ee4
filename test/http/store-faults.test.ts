import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { StoreUnavailableError } from '../../src/domain/errors.ts';
import { newTotpSecret } from '../../src/domain/mfa/totp.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { codeAt, toNextStep } from '../support/authenticator.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type Answer, get, type ProtocolClient, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

type Port = Exclude<keyof Storage, 'ping' | 'sweep' | 'holdings' | typeof Symbol.asyncDispose>;

const FAULTS = {
  'out of reach': () => new StoreUnavailableError('Our records are out of reach.', { detail: 'what the driver said' }),
  broken: () => new Error('something nobody thought of'),
};

for (const [kind, fault] of Object.entries(FAULTS))
  describe(`[security 110] a store that is ${kind}`, () => {
    let server: TestServer;
    let client: ProtocolClient;
    let account: Account;
    before(async () => {
      server = await startServer();
      account = await server.addAccount();
      client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    });
    afterEach(() => mock.restoreAll());
    after(() => server[Symbol.asyncDispose]());

    /** From now on, until the end of the test. */
    function fail<Name extends Port>(port: Name, method: keyof Storage[Name] & string, failing = () => true): void {
      const target = server.house.storage[port] as unknown as Record<string, (...values: unknown[]) => unknown>;
      const original = target[method];
      assert.ok(original);
      mock.method(target, method, async (...values: unknown[]) => {
        if (failing()) throw fault();
        return await original(...values);
      });
    }

    const person = () => ({ identifier: account.email });

    function assertFault({ status, json, headers }: Pick<Answer, 'status' | 'headers'> & { json?: Answer['json'] }, what: string) {
      assert.ok(status >= 500, `${what}: ${status} ${JSON.stringify(json)}`);
      if (kind === 'out of reach') assert.deepEqual([status, Number(headers.get('retry-after')) > 0], [503, true], what);
      for (const name of ['access_token', 'refresh_token', 'active', 'sub']) assert.equal(json?.[name], undefined, what);
    }

    function assertFaultPage({ status, headers, html, url }: Page) {
      assertFault({ status, headers }, url);
      assert.match(html, /Reference/);
      assert.doesNotMatch(html, /nobody thought of|what the driver said/);
    }

    for (const [port, method] of [
      ['artifacts', 'consume'],
      ['artifacts', 'put'],
      ['artifacts', 'find'],
      ['clients', 'find'],
      ['accounts', 'findSubject'],
      ['audit', 'append'],
    ] as const)
      it(`gives no tokens for a code or a refresh token when ${port}.${method} fails`, async () => {
        const authorized = await client.authorize(new CookieBrowser(), person());
        const { refresh_token: refresh } = await tokensOf(client, person());
        fail(port, method as never);
        assertFault(await client.exchange(authorized), 'code');
        assertFault(await client.refresh(refresh), 'refresh');
      });

    it('[security 30] does not say 200 to a revocation it did not do', async () => {
      const { access_token: access, refresh_token: refresh } = await tokensOf(client, person());
      for (const method of ['find', 'remove', 'removeBy'] as const) {
        fail('artifacts', method);
        assertFault(await client.revoke(refresh), method);
        mock.restoreAll();
      }
      fail('artifacts', 'remove');
      assertFault(await client.revoke(access), 'access token');
    });

    it('does not call a token good or bad that it cannot look up', async () => {
      const { access_token: access } = await tokensOf(client, person());
      for (const [port, method] of [
        ['artifacts', 'find'],
        ['accounts', 'findSubject'],
      ] as const) {
        fail(port, method as never);
        assertFault(await client.introspect(access), `introspection, ${port}`);
        assertFault(await userinfo(server, access), `userinfo, ${port}`);
        mock.restoreAll();
      }
      assert.equal((await client.introspect(access)).json.active, true);
    });

    for (const [port, method] of [
      ['counters', 'hit'],
      ['accounts', 'findByLogin'],
      ['audit', 'append'],
      ['mfa', 'find'],
      ['counters', 'clear'],
    ] as const)
      it(`signs nobody in when ${port}.${method} fails`, async () => {
        const browser = new CookieBrowser();
        const page = await client.request(browser);
        fail(port, method as never);
        assertFaultPage(await browser.submit(page, '/password', { ...person(), password: PASSWORD }));
        mock.restoreAll();
        const silent = await client.request(browser, { prompt: 'none' });
        assert.equal(new URL(silent.url).searchParams.get('error'), 'login_required');
      });

    for (const [port, method] of [
      ['counters', 'hit'],
      ['challenges', 'countTry'],
      ['challenges', 'find'],
      ['challenges', 'remove'],
      ['mfa', 'find'],
      ['mfa', 'acceptStep'],
      ['audit', 'append'],
    ] as const)
      it(`takes no code for good when ${port}.${method} fails`, async () => {
        const twoFactor = await server.addAccount();
        const secret = newTotpSecret();
        await server.house.mfa.enrol(twoFactor, secret, await codeAt(server, secret), ORIGIN);
        toNextStep(server);
        const browser = new CookieBrowser();
        const page = await browser.submit(await client.request(browser), '/password', { identifier: twoFactor.email, password: PASSWORD });
        fail(port, method as never);
        assertFaultPage(await browser.submit(page, '/totp', { code: await codeAt(server, secret) }));
        mock.restoreAll();
        const silent = await client.request(browser, { prompt: 'none' });
        assert.equal(new URL(silent.url).searchParams.get('error'), 'login_required');
      });

    it('records no consent that it could not write down', async () => {
      const newcomer = await server.addAccount();
      const browser = new CookieBrowser();
      const page = await browser.submit(await client.request(browser), '/password', { identifier: newcomer.email, password: PASSWORD });
      fail('artifacts', 'put');
      assertFaultPage(await browser.submit(page, '/consent', { decision: 'allow' }));
      mock.restoreAll();
      assert.ok((await client.request(browser)).html.includes('value="allow"'));
    });

    it('sets no password when the link cannot be used up', async () => {
      const secret = await server.house.accounts.createPasswordLink(account, ORIGIN);
      const browser = new CookieBrowser();
      const page = await browser.open(`${server.issuer}/password/${secret}`);
      fail('links', 'take');
      assertFaultPage(await browser.submit(page, secret, { password: 'purple-elephants-read-maps-4' }));
      mock.restoreAll();
      await client.authorize(new CookieBrowser(), person());
    });

    it('gives an assertion that it cannot remember no token', async () => {
      const service = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
      fail('artifacts', 'put');
      assertFault(await service.token({ grant_type: 'client_credentials' }), 'client_credentials');
    });

    it('is not live any less, but not ready', async () => {
      mock.method(server.house.storage, 'ping', async () => {
        throw fault();
      });
      fail('tenants', 'find');
      fail('artifacts', 'find');
      assert.equal((await get(`${server.issuer}/healthz`)).status, 200);
      const ready = await get(`${server.issuer}/readyz`);
      assert.equal(ready.status, 503);
    });

    it('tells a person at the authorization endpoint, or the client, and gives no code', async () => {
      fail('artifacts', 'put');
      const page = await client.request(new CookieBrowser());
      if (page.url.startsWith(CALLBACK)) {
        assert.match(new URL(page.url).searchParams.get('error') ?? '', /server_error|temporarily_unavailable/);
        assert.equal(new URL(page.url).searchParams.get('code'), null);
      } else assertFaultPage(page);
    });
  });
