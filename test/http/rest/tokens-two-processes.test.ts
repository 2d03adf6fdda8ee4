import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { House } from '../../../src/compose.ts';
import type { Account } from '../../../src/domain/accounts/account.ts';
import { HOUSE_TOKEN_KINDS } from '../../../src/domain/tokens/house-token.ts';
import { type ProtocolClient, protocolClient } from '../../support/protocol-client.ts';
import { call } from '../../support/rest-client.ts';
import { createServers, type Servers } from '../../support/servers.ts';
import { ORIGIN, PASSWORD } from '../../support/start-server.ts';
import { storesForTests } from '../../support/stores.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

const PRIVATE = '/api/v1/auth/private-tokens';

for (const store of await storesForTests())
  describe(`tokens of the REST surfaces at two processes: ${store.name}`, { skip: store.missing ?? false }, () => {
    let servers: Servers;
    let house: House;
    /** Where to send requests: the one process and the other. */
    let bases: readonly { readonly issuer: string }[];
    let overseers: readonly ProtocolClient[];
    let made = 0;

    before(async () => {
      servers = await createServers(2, {
        GATEHOUSE_SERVER__TRUSTED_PROXIES: '["127.0.0.1","::1"]',
        GATEHOUSE_MFA__REQUIRED_ROLES: '[]',
        ...(await store.fresh()),
      });
      house = await servers.openHouse();
      const tenant = await house.tenants.ensure(house.config.tenant, ORIGIN);
      const metadata = { client_name: 'Overseer', scope: 'admin:all' };
      const overseer = await house.clients.create({ tenantId: tenant.id, type: 'service', metadata }, ORIGIN);
      const [first] = await Promise.all([servers.start(0), servers.start(1)]);
      bases = [first, { issuer: `http://localhost:${servers.ports[1]}` }];
      overseers = await Promise.all(bases.map(({ issuer }) => protocolClient(first, overseer, issuer)));
    });
    after(async () => {
      await house?.[Symbol.asyncDispose]();
      await servers?.[Symbol.asyncDispose]();
    });

    async function newAccount(): Promise<Account> {
      const tenant = await house.tenants.resolve(house.config.tenant.slug);
      const email = `holder${++made}@example.com`;
      return await house.accounts.create({ tenantId: tenant.id, email, role: 'operator', password: PASSWORD }, ORIGIN);
    }

    async function assertAll(tokens: Readonly<Record<string, string>>, active: boolean): Promise<void> {
      for (const [kind, token] of Object.entries(tokens)) {
        for (const overseer of overseers) assert.equal((await overseer.introspect(token)).json.active, active, kind);
        if (kind === 'CloudRefreshToken') continue;
        for (const base of bases) assert.equal((await call(base, { path: '/api/v1/users', token })).status, active ? 200 : 401, kind);
      }
    }

    const ends: Readonly<Record<string, (account: Account) => Promise<unknown>>> = {
      'disabling the account': (account) => house.accounts.setDisabled(account, true, ORIGIN),
      'setting the password': async (account) =>
        house.accounts.usePasswordLink(await house.accounts.createPasswordLink(account, ORIGIN), 'another-quiet-sentence-7', ORIGIN),
      'removing the account': (account) => house.accounts.remove(account, ORIGIN),
    };
    for (const [what, end] of Object.entries(ends))
      it(`[security 29] ${what} elsewhere ends every kind at both at once`, async () => {
        const account = await newAccount();
        const tokens = await issueEveryKind(house, account);
        await assertAll(tokens, true);
        await end(account);
        await assertAll(tokens, false);
      });

    it('what the one revokes the other does not take any more', async () => {
      const tokens = await issueEveryKind(house, await newAccount());
      for (const [index, kind] of HOUSE_TOKEN_KINDS.entries()) await overseers[index % 2]?.revoke(tokens[kind]);
      await assertAll(tokens, false);
    });

    it('a private token that both rotate at once has one successor', async () => {
      const { email } = await newAccount();
      const [base = { issuer: '' }] = bases;
      const signedIn = await call(base, { path: '/api/v1/auth/token', body: { email, password: PASSWORD } });
      const token = String(signedIn.json.token);
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      const { id, token: old } = (await call(base, { path: PRIVATE, token, body: { name: 'Busy', expires_at } })).json;
      const rotate = (at: { readonly issuer: string }) => call(at, { method: 'POST', path: `${PRIVATE}/${id}/rotate`, token });
      const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => rotate(bases[index % 2] ?? base)));
      const handedOut = answers.filter(({ status }) => status === 200).map(({ json }) => String(json.token));
      for (const { status } of answers) assert.ok(status === 200 || status === 404, String(status));
      const statuses = await Promise.all(handedOut.map((value) => call(base, { path: '/api/v1/users', token: value })));
      assert.equal(statuses.filter(({ status }) => status === 200).length, 1);
      assert.equal((await call(base, { path: '/api/v1/users', token: String(old) })).status, 401);
      assert.equal(JSON.parse((await call(base, { path: PRIVATE, token })).text).length, 1);
    });
  });
