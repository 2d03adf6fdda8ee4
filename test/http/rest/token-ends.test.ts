import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../../src/domain/accounts/account.ts';
import type { Tenant } from '../../../src/domain/tenants/tenant.ts';
import type { HouseToken } from '../../../src/domain/tokens/house-token.ts';
import { type ProtocolClient, protocolClient, tokensOf } from '../../support/protocol-client.ts';
import { CALLBACK } from '../../support/relying-party.ts';
import { call, MANY_ADDRESSES } from '../../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../../support/start-server.ts';
import { issueEveryKind } from '../../support/token-kinds.ts';

/** What a person and their programs hold. */
interface Held {
  readonly tenant: Tenant;
  readonly account: Account;
  /** By kind. */
  readonly own: Readonly<Record<string, string>>;
  /** A client's: of the OAuth engine, and of the cloud API. */
  readonly lent: Readonly<Record<string, string>>;
  readonly client: ProtocolClient;
  readonly overseer: ProtocolClient;
}

describe('what ends tokens', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ ...MANY_ADDRESSES, GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
  });
  after(() => server[Symbol.asyncDispose]());

  let made = 0;
  /** A tenant of its own, with a person in it who holds a token of every kind. */
  async function held(role: Account['role'] = 'operator'): Promise<Held> {
    const { house } = server;
    const tenant = await house.tenants.create({ slug: `tenant-${++made}`, name: 'Tenant' }, ORIGIN);
    const account = await server.addAccount({ tenantId: tenant.id, email: `holder${made}@example.com`, role });
    const clientOf = async (type: 'web' | 'service', metadata: object) =>
      protocolClient(
        server,
        await house.clients.create({ tenantId: tenant.id, type, metadata: { client_name: 'Client', ...metadata } }, ORIGIN),
      );
    const scope = 'read:interactions read:users openid offline_access';
    const client = await clientOf('web', { redirect_uris: [CALLBACK], scope: 'read:interactions read:users' });
    const overseer = await clientOf('service', { scope: 'admin:all' });
    const parameters = { scope, prompt: 'consent' };
    const oauth = await tokensOf(client, { identifier: account.email }, { parameters });
    const expiresAt = new Date(server.clock.now().getTime() + 3_600_000);
    const lent = { client: { id: client.issued.client.id, scopes: ['read:users'] }, account, expiresAt, secondFactor: true };
    const cloud = await house.houseTokens.issue({ ...lent, kind: 'CloudAccessToken' });
    return {
      tenant,
      account,
      client,
      overseer,
      own: await issueEveryKind(house, account),
      lent: { AccessToken: String(oauth.access_token), RefreshToken: String(oauth.refresh_token), LentCloudToken: String(cloud?.value) },
    };
  }

  const isActive = async ({ overseer }: Held, token: string) => (await overseer.introspect(token)).json.active;

  async function assertAll(holder: Held, tokens: Readonly<Record<string, string>>, active: boolean): Promise<void> {
    for (const [kind, token] of Object.entries(tokens)) {
      assert.equal(await isActive(holder, token), active, `${kind} at introspection`);
      if (kind.endsWith('RefreshToken')) continue;
      const { status } = await call(server, { path: '/api/v1/users', token });
      assert.equal(status, active ? 200 : 401, `${kind} as a bearer`);
    }
  }

  const everything = (holder: Held) => ({ ...holder.own, ...holder.lent });

  it('works until then', async () => {
    const holder = await held();
    await assertAll(holder, everything(holder), true);
  });

  it('[security 29] disabling the account, and enabling it brings nothing back', async () => {
    const holder = await held();
    const disabled = await server.house.accounts.setDisabled(holder.account, true, ORIGIN);
    await assertAll(holder, everything(holder), false);
    await server.house.accounts.setDisabled(disabled, false, ORIGIN);
    await assertAll(holder, everything(holder), false);
  });

  it('[security 29] setting the password by a link', async () => {
    const holder = await held();
    const link = await server.house.accounts.createPasswordLink(holder.account, ORIGIN);
    await assertAll(holder, everything(holder), true);
    assert.ok(await server.house.accounts.usePasswordLink(link, 'another-quiet-sentence-of-words-7', ORIGIN));
    await assertAll(holder, everything(holder), false);
  });

  it('removing the account', async () => {
    const holder = await held();
    await server.house.accounts.remove(holder.account, ORIGIN);
    await assertAll(holder, everything(holder), false);
  });

  it('[security 29] disabling or removing the client: those it holds, and no other', async () => {
    for (const end of ['disable', 'remove'] as const) {
      const holder = await held();
      const { client } = holder.client.issued;
      if (end === 'disable') await server.house.clients.update(client, { disabled: true }, ORIGIN);
      else await server.house.clients.remove(client, ORIGIN);
      await assertAll(holder, holder.lent, false);
      await assertAll(holder, holder.own, true);
      if (end === 'remove') continue;
      await server.house.clients.update({ ...client, disabled: true }, { disabled: false }, ORIGIN);
      await assertAll(holder, holder.lent, false);
    }
  });

  it('a tenant that is disabled closes them all; enabled again, what has not expired works again', async () => {
    const holder = await held();
    const disabled = await server.house.tenants.update(holder.tenant, { disabled: true }, ORIGIN);
    for (const [kind, token] of Object.entries(everything(holder))) {
      if (kind.endsWith('RefreshToken')) continue;
      assert.equal((await call(server, { path: '/api/v1/users', token })).status, 401, kind);
    }
    assert.equal((await holder.overseer.introspect(holder.own.LoginToken)).status, 401, 'its clients are not known either');
    await server.house.tenants.update(disabled, { disabled: false }, ORIGIN);
    await assertAll(holder, everything(holder), true);
  });

  it('a demotion leaves them alive, with the rights that are left', async () => {
    const holder = await held('admin');
    const scopes = async (token: string) => (await holder.overseer.introspect(token)).json.scope;
    const before = 'read:interactions read:users write:policies admin:all';
    for (const [kind, token] of Object.entries(holder.own)) {
      assert.deepEqual([await scopes(token), kind], [before, kind]);
      if (kind !== 'CloudRefreshToken') assert.equal((await call(server, { path: '/api/v1/audit-log', token })).status, 200, kind);
    }
    await server.house.accounts.setRole(holder.account, 'viewer', ORIGIN);
    for (const [kind, token] of Object.entries(everything(holder))) {
      assert.equal(await isActive(holder, token), true, kind);
      if (!kind.endsWith('RefreshToken')) assert.equal((await call(server, { path: '/api/v1/audit-log', token })).status, 403, kind);
      if (kind in holder.own) assert.deepEqual([await scopes(token), kind], ['read:interactions', kind]);
    }
  });

  it('nothing is issued for somebody whose password was set anew, or whose bearer token ended, since they were looked at', async () => {
    const { account, own } = await held();
    const { houseTokens, accounts } = server.house;
    const bearer = (await houseTokens.find('SessionToken', String(own.SessionToken))) as HouseToken;
    const draft = { kind: 'PrivateToken', account, expiresAt: bearer.expiresAt, secondFactor: true } as const;
    await houseTokens.end(bearer);
    assert.equal(await houseTokens.issue({ ...draft, source: bearer }), undefined);
    const link = await accounts.createPasswordLink(account, ORIGIN);
    await accounts.usePasswordLink(link, 'another-quiet-sentence-of-words-7', ORIGIN);
    assert.equal(await houseTokens.issue(draft), undefined);
    assert.deepEqual(await houseTokens.list(account.id, 'PrivateToken'), []);
  });
});
