import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { type ProtocolClient, protocolClient, userinfo } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const OTHER_CALLBACK = `${CALLBACK}2`;

describe('authorization codes', () => {
  let server: TestServer;
  let client: ProtocolClient;
  let account: Account;
  const browser = new CookieBrowser();
  before(async () => {
    server = await startServer();
    account = await server.addAccount();
    client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK, OTHER_CALLBACK] }));
  });
  after(() => server[Symbol.asyncDispose]());

  const authorize = (parameters = {}) => client.authorize(browser, { identifier: account.email }, parameters);

  it('[security 21] a code used twice is invalid_grant, and what the first use gave is dead', async () => {
    const authorized = await authorize();
    const { json } = await client.exchange(authorized);
    assert.equal((await client.introspect(json.access_token)).json.active, true);

    const second = await client.exchange(authorized);
    assert.equal(second.status, 400);
    assert.equal(second.json.error, 'invalid_grant');
    assert.deepEqual((await client.introspect(json.access_token)).json, { active: false });
    assert.deepEqual((await client.introspect(json.refresh_token)).json, { active: false });
    assert.equal((await userinfo(server, json.access_token)).status, 401);
    assert.equal((await client.refresh(json.refresh_token)).json.error, 'invalid_grant');
    const [reuse] = await server.house.storage.audit.list({ type: 'token.reused', clientId: client.issued.client.id, limit: 1 });
    assert.equal(reuse?.accountId, account.id);
    assert.doesNotMatch(JSON.stringify(reuse), new RegExp(authorized.code));
  });

  it('[security 24] a code is good for a minute', async () => {
    const authorized = await authorize();
    server.clock.advance(76);
    assert.equal((await client.exchange(authorized)).json.error, 'invalid_grant');
    const timely = await authorize();
    server.clock.advance(50);
    assert.equal((await client.exchange(timely)).status, 200);
  });

  it('[security 7] a challenge needs its verifier, and a verifier its challenge', async () => {
    const authorized = await authorize();
    const { pkceCodeVerifier } = authorized.request.checks;
    const none = await client.token({ grant_type: 'authorization_code', code: authorized.code, redirect_uri: CALLBACK });
    assert.equal(none.json.error, 'invalid_grant');
    assert.equal((await client.exchange(authorized, { code_verifier: '' })).json.error, 'invalid_grant');

    const legacyClient = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK], require_pkce: false }));
    const url = new URL((await authorize({})).request.url);
    for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name);
    url.searchParams.set('client_id', legacyClient.issued.client.id);
    let page = await browser.open(url.href);
    page = await browser.submit(page, '/consent', { decision: 'allow' });
    const code = new URL(page.url).searchParams.get('code') ?? '';
    const fields = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK };
    const uninvited = await legacyClient.token({ ...fields, code_verifier: pkceCodeVerifier });
    assert.equal(uninvited.json.error, 'invalid_grant');
    assert.equal((await legacyClient.token(fields)).status, 200, 'and goes through without, as such a client wants it');
  });

  it('[security 8] a verifier that is too short, too long, misspelled or one character off is refused', async () => {
    const authorized = await authorize();
    const { pkceCodeVerifier: right } = authorized.request.checks;
    const off = `${right.slice(0, -1)}${right.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [right.slice(0, 42), 'x'.repeat(42), 'x'.repeat(129), `${right.slice(0, 42)}ü`, `${right.slice(0, 42)} `, off]) {
      const answer = await client.exchange(authorized, { code_verifier: wrong });
      assert.equal(answer.status, 400, wrong);
      assert.match(String(answer.json.error), /^invalid_(grant|request)$/, wrong);
    }
    assert.equal(
      (await client.exchange(authorized)).status,
      200,
      'wrong guesses do not use the code up; 256 bits are not guessed in a minute',
    );
  });

  it('[security 23] of all combinations of client, age, redirect_uri and verifier one gives tokens', async () => {
    const other = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK, OTHER_CALLBACK] }));
    const either = [true, false];
    let successes = 0;
    for (const rightClient of either)
      for (const fresh of either)
        for (const rightAddress of either)
          for (const rightVerifier of either) {
            const authorized = await authorize();
            if (!fresh) server.clock.advance(80);
            const answer = await (rightClient ? client : other).exchange(authorized, {
              ...(!rightAddress && { redirect_uri: OTHER_CALLBACK }),
              ...(!rightVerifier && { code_verifier: 'x'.repeat(43) }),
            });
            const all = rightClient && fresh && rightAddress && rightVerifier;
            assert.equal(answer.status, all ? 200 : 400, JSON.stringify({ rightClient, fresh, rightAddress, rightVerifier }));
            if (!all) assert.equal(answer.json.error, 'invalid_grant');
            successes += Number(answer.status === 200);
          }
    assert.equal(successes, 1);
  });
});
