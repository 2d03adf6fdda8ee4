import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { House } from '../../src/compose.ts';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { type AssertionKey, assertionFields, assertionKey } from '../support/client-assertion.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type Answer, type ProtocolClient, post, protocolClient, tokensOf } from '../support/protocol-client.ts';
import { createServers, type Prepared, type Servers } from '../support/servers.ts';
import type { ServerProcess } from '../support/start-process.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { storesForTests } from '../support/stores.ts';

const AT_ONCE = 20;

for (const store of await storesForTests())
  describe(`two server processes on one store: ${store.name}`, { skip: store.missing ?? false }, () => {
    let servers: Servers;
    let house: House;
    let first: ServerProcess;
    let second: ServerProcess;
    /** The same client, by way of the one process and of the other. */
    let here: ProtocolClient;
    let there: ProtocolClient;
    let service: IssuedClient;
    let key: AssertionKey;
    let elsewhere: string;
    let person: Prepared['person'];
    let account: Account;

    before(async () => {
      servers = await createServers(2, {
        // As behind a load balancer: both answer to the issuer's name, and take the balancer's word for it.
        GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]',
        ...(await store.fresh()),
      });
      let app: IssuedClient;
      ({ person, account, app } = await servers.prepare());
      house = await servers.openHouse();
      key = await assertionKey();
      const byKey = { token_endpoint_auth_method: 'private_key_jwt' as const, jwks: { keys: [key.publicJwk] } };
      service = await house.clients.create(
        { tenantId: account.tenantId, type: 'service', metadata: { client_name: 'Service', ...byKey } },
        ORIGIN,
      );
      [first, second] = await Promise.all([servers.start(0), servers.start(1)]);
      elsewhere = `http://localhost:${servers.ports[1]}`;
      here = await protocolClient(first, app);
      there = await protocolClient(first, app, elsewhere);
    });
    after(async () => {
      await house?.[Symbol.asyncDispose]();
      await servers?.[Symbol.asyncDispose]();
    });

    const atOnce = (send: (client: ProtocolClient) => Promise<Answer>) =>
      Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(index % 2 ? here : there)));

    function assertOneWinner(answers: readonly Answer[]): Answer {
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      assert.ok(winner, answers.map(({ status, text }) => `${status} ${text}`).join());
      assert.equal(others.length, 0);
      for (const answer of answers) if (answer !== winner) assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
      return winner;
    }

    it('sign with the same keys, and know each other’s tokens', async () => {
      const tokens = await tokensOf(here, person);
      assert.equal((await there.introspect(tokens.access_token)).json.active, true);
      const refreshed = await there.refresh(tokens.refresh_token);
      assert.equal(refreshed.status, 200, refreshed.text);
      assert.equal((await here.introspect(refreshed.json.access_token)).json.active, true);
      await there.revoke(refreshed.json.access_token);
      assert.equal((await here.introspect(refreshed.json.access_token)).json.active, false);
    });

    for (let round = 1; round <= 3; round++)
      it(`[security 22] give tokens once for a code that both get 20 times at once (${round})`, async () => {
        const authorized = await here.authorize(new CookieBrowser(), person);
        const winner = assertOneWinner(await atOnce((client) => client.exchange(authorized)));
        assert.equal((await here.introspect(winner.json.access_token)).json.active, false);
      });

    for (let round = 1; round <= 3; round++)
      it(`[security 26] rotate a refresh token once that both get 20 times at once (${round})`, async () => {
        const { refresh_token: token } = await tokensOf(here, person);
        const winner = assertOneWinner(await atOnce((client) => client.refresh(token)));
        assert.equal((await there.refresh(winner.json.refresh_token)).json.error, 'invalid_grant');
        assert.equal((await here.introspect(winner.json.access_token)).json.active, false);
      });

    it('[security 32] take an assertion once that both get 20 times at once', async () => {
      const fields = await assertionFields(key, { clientId: service.client.id, issuer: first.issuer });
      const bases = [first.issuer, elsewhere];
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) =>
          post(`${bases[index % 2]}/oauth/token`, { grant_type: 'client_credentials', ...fields }),
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array<number>(AT_ONCE - 1).fill(401)]);
    });

    it('[security 78] both shut out a person who is switched off', async () => {
      const leaver = { tenantId: account.tenantId, email: 'leaver@example.com', role: 'viewer', password: PASSWORD } as const;
      const left = await house.accounts.create(leaver, ORIGIN);
      const tokens = await tokensOf(here, { identifier: left.email });
      assert.equal((await there.introspect(tokens.access_token)).json.active, true);
      await house.accounts.setDisabled(left, true, ORIGIN);
      for (const client of [here, there]) {
        assert.equal((await client.introspect(tokens.access_token)).json.active, false);
        assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
      }
    });

    it('[security 105] write what was typed as one JSON line each', async () => {
      // From an address of its own, which these failures lock out.
      const browser = new CookieBrowser({ 'x-forwarded-for': '203.0.113.5' });
      const page = await here.request(browser);
      for (const identifier of ['a\r\nlevel=fatal forged', '\u001b[31mred\u001b[0m', '{"level":60}', '\u2028\u2029', 'x'.repeat(300)])
        await browser.submit(page, '/password', { identifier, password: 'wrong' });
      await fetch(`${first.issuer}/${encodeURIComponent('\r\n{"forged":1}\u001b[31m')}?token=secret-in-query`, {
        headers: { 'user-agent': 'a\tb' },
      });
      const lines = first
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{') || line.includes('forged') || line.includes('\u001b'));
      assert.ok(lines.length > 10);
      for (const line of lines) assert.equal(typeof JSON.parse(line).level, 'number', line);
      assert.doesNotMatch(first.output(), /secret-in-query|"forged":1/);
    });

    it('[security 103] write no secret into their logs or the audit log', async () => {
      const browser = new CookieBrowser();
      const authorized = await here.authorize(browser, person);
      const tokens = (await here.exchange(authorized)).json;
      const link = await house.accounts.createPasswordLink(account, ORIGIN);
      await browser.open(`${first.issuer}/password/${link}`);
      await here.introspect(tokens.access_token);
      await here.refresh(tokens.refresh_token);
      await here.refresh(tokens.refresh_token);
      await here.exchange(authorized);
      const secrets = {
        password: PASSWORD,
        code: authorized.code,
        verifier: authorized.request.checks.pkceCodeVerifier,
        access: String(tokens.access_token).slice(-60),
        refresh: tokens.refresh_token,
        idToken: String(tokens.id_token).slice(-60),
        link,
        client: here.issued.secret,
        session: browser.cookies.get('gatehouse_session|/')?.value,
        signature: browser.cookies.get('gatehouse_session.sig|/')?.value,
      };
      const audit = JSON.stringify(await house.storage.audit.list({ limit: 1000 }));
      for (const [name, secret] of Object.entries(secrets)) {
        assert.ok(typeof secret === 'string' && secret.length > 20, name);
        for (const text of [first.output(), second.output(), audit]) assert.ok(!text.includes(secret), name);
      }
      assert.match(first.output(), /"path":"\/password\/…"/);
    });

    it('[security 25] refuse a refresh token of before after a restart, within the same second', async () => {
      const { refresh_token: old } = await tokensOf(here, person);
      const { refresh_token: current } = (await here.refresh(old)).json;
      await first.end('SIGKILL');
      first = await servers.start(0);
      const reuse = await here.refresh(old);
      assert.deepEqual([reuse.status, reuse.json.error], [400, 'invalid_grant']);
      assert.equal((await there.refresh(current)).json.error, 'invalid_grant', 'its family is dead on both');
    });
  });
