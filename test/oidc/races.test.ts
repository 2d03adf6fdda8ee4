import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { type Answer, type Authorized, type ProtocolClient, protocolClient, tokensOf, userinfo } from '../support/protocol-client.ts';
import { type AuthorizationRequest, authorizationRequest, CALLBACK } from '../support/relying-party.ts';
import { slowDown } from '../support/slow-storage.ts';
import { PASSWORD, startServer, type TestServer } from '../support/start-server.ts';

const AT_ONCE = 20;
const ROUNDS = 100;

function codeIn(page: Page | undefined, request: AuthorizationRequest | undefined): Authorized {
  assert.ok(page && request);
  const callback = new URL(page.url);
  return { code: callback.searchParams.get('code') ?? '', callback, request };
}

describe('races, on a store that takes its time', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let account: Account;
  const browser = new CookieBrowser();
  before(async () => {
    server = await startServer({ GATEHOUSE_LIMITS__LOGIN_ADDRESS: JSON.stringify({ limit: 1000, window: 60, block: 60 }) });
    account = await server.addAccount();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const person = () => ({ identifier: account.email });
  const atOnce = (send: () => Promise<Answer>) => Promise.all(Array.from({ length: AT_ONCE }, send));

  function assertOneWinner(answers: readonly Answer[]): Answer {
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    assert.ok(winner, answers.map(({ text }) => text).join());
    assert.equal(others.length, 0);
    for (const answer of answers) if (answer !== winner) assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_grant']);
    return winner;
  }

  async function assertDead(tokens: Answer['json']) {
    assert.deepEqual((await client.introspect(tokens.access_token)).json, { active: false });
    assert.deepEqual((await client.introspect(tokens.refresh_token)).json, { active: false });
    assert.equal((await userinfo(server, tokens.access_token)).status, 401);
    assert.equal((await client.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
  }

  it('[security 22] a code used 20 times at once gives tokens once, and they die with the reuse', async () => {
    const authorized = await client.authorize(browser, person());
    using _slow = slowDown(server.house.storage);
    const winner = assertOneWinner(await atOnce(() => client.exchange(authorized)));
    await assertDead(winner.json);
  });

  it('[security 26] a refresh token used 20 times at once gives tokens once; the family and the grant die', async () => {
    const { refresh_token: token } = await tokensOf(client, person(), { browser });
    using _slow = slowDown(server.house.storage);
    const winner = assertOneWinner(await atOnce(() => client.refresh(token)));
    await assertDead(winner.json);
    assert.equal((await server.house.storage.artifacts.list('Grant', 'accountId', account.id)).length, 0);
    const reuses = await server.house.storage.audit.list({ type: 'token.reused', clientId: client.issued.client.id, limit: 100 });
    assert.ok(reuses.length >= 1);
  });

  it(`[security 27] refreshing while the token is revoked, ${ROUNDS} times: nothing outlives the 200 from /revoke`, async () => {
    const held: unknown[] = [];
    while (held.length < ROUNDS) held.push((await tokensOf(client, person())).refresh_token);
    using _slow = slowDown(server.house.storage);
    let refreshed = 0;
    const round = async (token: unknown) => {
      const [answer, revoked] = await Promise.all([client.refresh(token), client.revoke(token)]);
      assert.equal(revoked.status, 200);
      refreshed += Number(answer.status === 200);
      if (answer.status === 200) await assertDead(answer.json);
      assert.equal((await client.refresh(token)).json.error, 'invalid_grant');
    };
    for (let begun = 0; begun < ROUNDS; begun += 25) await Promise.all(held.slice(begun, begun + 25).map(round));
    assert.ok(refreshed > 0, 'the race was never run');
  });

  it('two tabs in which a person signs in to two clients both get their tokens', async () => {
    const other = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const clients = [client, other];
    using _slow = slowDown(server.house.storage);
    for (let round = 0; round < 2; round++) {
      const tabs = new CookieBrowser();
      const { email } = await server.addAccount();
      const requests = await Promise.all(clients.map((each) => authorizationRequest(each.config, { scope: 'openid email' })));
      const pages: Page[] = [];
      for (const { url } of requests) pages.push(await tabs.open(url));
      const consents: Page[] = [];
      for (const page of pages) consents.push(await tabs.submit(page, '/password', { identifier: email, password: PASSWORD }));
      const callbacks = await Promise.all(consents.map((page) => tabs.submit(page, '/consent', { decision: 'allow' })));
      const answers = await Promise.all(clients.map((each, index) => each.exchange(codeIn(callbacks[index], requests[index]))));
      for (const { status, text, json } of answers) {
        assert.equal(status, 200, text);
        assert.equal((await userinfo(server, json.access_token)).json.email, email);
      }
    }
  });

  it('a browser that is signed in can open two clients at once', async () => {
    const other = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const scope = { scope: 'openid profile read:interactions' };
    const shared = new CookieBrowser();
    for (const each of [client, other]) await each.authorize(shared, person(), scope);
    using _slow = slowDown(server.house.storage);
    for (let round = 0; round < 3; round++) {
      const authorized = await Promise.all([client, other].map((each) => each.authorize(shared, person(), scope)));
      const tokens = await Promise.all([client, other].map((each, index) => each.exchange(authorized[index] as Authorized)));
      assert.deepEqual(
        tokens.map(({ status }) => status),
        [200, 200],
        tokens.map(({ text }) => text).join(),
      );
    }
  });
});
