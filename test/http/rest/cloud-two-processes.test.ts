import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertDead, isLetIn, pairIn, refreshPair, signInToCloud } from '../../support/cloud-client.ts';
import { CookieBrowser } from '../../support/cookie-browser.ts';
import { CALLBACK, signIn } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { createServers, type Prepared, type Servers } from '../../support/servers.ts';
import { ORIGIN } from '../../support/start-server.ts';
import { storesForTests } from '../../support/stores.ts';

const AT_ONCE = 20;

for (const store of await storesForTests())
  describe(`the cloud API: two processes on one store: ${store.name}`, { skip: store.missing ?? false }, () => {
    let servers: Servers;
    let prepared: Prepared;
    let clientId: string;
    let here: { readonly issuer: string };
    let there: { readonly issuer: string };
    before(async () => {
      servers = await createServers(2, { ...MANY_ADDRESSES, ...(await store.fresh()) });
      prepared = await servers.prepare();
      await using house = await servers.openHouse();
      const metadata = { client_name: 'Nx', redirect_uris: [CALLBACK], require_pkce: false, code_login: true, scope: 'read:interactions' };
      clientId = (await house.clients.create({ tenantId: prepared.account.tenantId, type: 'web', metadata }, ORIGIN)).client.id;
      [here] = await Promise.all([servers.start(0), servers.start(1)]);
      there = { issuer: `http://localhost:${servers.ports[1]}` };
    });
    after(() => servers[Symbol.asyncDispose]());

    const eachInTurn = <T>(send: (server: { readonly issuer: string }) => Promise<T>) =>
      Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(index % 2 === 0 ? here : there)));

    it(`[security 26] ${AT_ONCE} refreshes at once: one winner, and the family is dead in both`, async () => {
      for (let round = 0; round < 5; round++) {
        const pair = await signInToCloud(here, prepared.account);
        const answers = await eachInTurn((server) => refreshPair(server, pair.RefreshToken));
        const [winner, ...others] = answers.filter(({ status }) => status === 200);
        assert.ok(winner && others.length === 0, answers.map(({ status }) => status).join());
        for (const server of [here, there]) for (const each of [pair, pairIn(winner)]) await assertDead(server, each);
      }
    });

    it('a pair of the one is good at the other, and a sign-out ends it in both at once', async () => {
      const first = await signInToCloud(here, prepared.account);
      const second = pairIn(await refreshPair(there, first.RefreshToken));
      assert.equal(await isLetIn(here, second.AccessToken), true);
      const { status } = await call(there, { method: 'POST', path: '/authenticate/signout', token: second.AccessToken });
      assert.equal(status, 204);
      await assertDead(here, second);
    });

    it(`[security 22] a code and its state used ${AT_ONCE} times at once give a pair once, and it dies`, async () => {
      const { json } = await call(there, { path: '/nx/csrf', body: { AuthenticationEndpoint: here.issuer, RedirectURL: CALLBACK } });
      const state = String(json.CSRFToken);
      const query = { response_type: 'code', client_id: clientId, redirect_uri: CALLBACK, scope: 'read:interactions', state };
      const page = await signIn(new CookieBrowser(), `${here.issuer}/oauth/authorize?${new URLSearchParams(query)}`, prepared.person);
      const code = new URL(page.url).searchParams.get('code') ?? '';
      const answers = await eachInTurn((server) => call(server, { path: '/nx/code-login', body: { code, state } }));
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      assert.ok(winner && others.length === 0, answers.map(({ status }) => status).join());
      await assertDead(there, pairIn(winner));
    });
  });
