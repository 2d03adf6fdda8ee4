import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { HOUSE_TOKEN_KINDS } from '../../src/domain/tokens/house-token.ts';
import type { TokenEntry } from '../../src/domain/tokens/token-entry.ts';
import { protocolClient, tokensOf } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { MANY_ADDRESSES } from '../support/rest-client.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';
import { issueEveryKind } from '../support/token-kinds.ts';

describe('the token registry', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(MANY_ADDRESSES);
  });
  after(() => server[Symbol.asyncDispose]());

  const registry = () => server.house.tokens;
  const kindsOf = (entries: readonly TokenEntry[]) => entries.map(({ kind }) => kind).toSorted();

  /** A person who holds a token of every kind, with an application that got its own. */
  async function holder() {
    const account = await server.addAccount();
    const client = await protocolClient(server, await server.addClient('web', { redirect_uris: [CALLBACK] }));
    const oauth = await tokensOf(client, { identifier: account.email });
    return { account, client, oauth, values: await issueEveryKind(server.house, account) };
  }

  const entryOf = async (account: Account, kind: TokenEntry['kind']) =>
    (await registry().ofAccount(account.id)).find((entry) => entry.kind === kind) ?? assert.fail(kind);

  it('lists every kind, oldest first, and finds each by its id', async () => {
    const { account, client, values, oauth } = await holder();
    const entries = await registry().ofAccount(account.id);
    assert.deepEqual(kindsOf(entries), ['AccessToken', 'RefreshToken', ...HOUSE_TOKEN_KINDS].toSorted());
    const times = entries.map(({ issuedAt }) => issuedAt.getTime());
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    for (const entry of entries) assert.deepEqual(await registry().find(entry.id), entry, entry.kind);
    const bearers = [...Object.values(values), oauth.access_token, oauth.refresh_token].map(String);
    for (const value of bearers) assert.equal(JSON.stringify(entries).includes(value.slice(-30)), false);

    assert.deepEqual(kindsOf(await registry().ofClient(client.issued.client.id)), ['AccessToken', 'RefreshToken']);
    assert.equal(await registry().find('nothing'), undefined);
  });

  it('tells what a service holds', async () => {
    const service = await protocolClient(server, await server.addClient('service', { scope: 'read:users' }));
    await service.token({ grant_type: 'client_credentials' });
    const [entry, ...others] = await registry().ofClient(service.issued.client.id);
    assert.deepEqual([entry?.kind, entry?.accountId, entry?.scopes, others.length], ['ClientCredentials', undefined, ['read:users'], 0]);
    assert.deepEqual(await registry().find(entry?.id ?? ''), entry);
    await registry().end(entry ?? assert.fail(), ORIGIN);
    assert.deepEqual(await registry().ofClient(service.issued.client.id), []);
  });

  it('ends one with all of its grant or family, and with nothing else, and writes it down', async () => {
    const together = [
      ['AccessToken', 'RefreshToken'],
      ['CloudAccessToken', 'CloudRefreshToken'],
      ['PrivateToken'],
      ['SessionToken'],
    ] as const;
    for (const [first, ...others] of together) {
      const { account, client, oauth } = await holder();
      const before = kindsOf(await registry().ofAccount(account.id));
      await registry().end(await entryOf(account, first), ORIGIN);
      const gone: readonly string[] = [first, ...others];
      assert.deepEqual(
        kindsOf(await registry().ofAccount(account.id)),
        before.filter((kind) => !gone.includes(kind)),
      );
      assert.equal((await client.introspect(oauth.access_token)).json.active, first !== 'AccessToken');
      const [entry] = await server.house.storage.audit.list({ type: 'token.revoked', accountId: account.id, limit: 1 });
      assert.deepEqual([entry?.detail.kind, entry?.tenantId], [first, server.tenant.id]);
    }
  });

  it('knows when a private token was used, and forgets it with the token', async () => {
    const { account } = await holder();
    const { id } = await entryOf(account, 'PrivateToken');
    const [token] = await server.house.houseTokens.list(account.id, 'PrivateToken');
    if (token) await server.house.tokenUses.note(token);
    const used = (await registry().find(id))?.lastUsedAt;
    assert.ok(used && Math.abs(used.getTime() - server.clock.now().getTime()) < 5000);
    await server.house.privateTokens.remove(account, id, ORIGIN);
    assert.equal((await server.house.tokenUses.of(account.id)).size, 0);
  });

  it('does not list what is over or used up', async () => {
    await using aged = await startServer();
    const account = await aged.addAccount();
    const client = await protocolClient(aged, await aged.addClient('web', { redirect_uris: [CALLBACK] }));
    const { refresh_token } = await tokensOf(
      client,
      { identifier: account.email },
      { parameters: { scope: 'openid offline_access', prompt: 'consent' } },
    );
    await issueEveryKind(aged.house, account);
    const [token] = await aged.house.houseTokens.list(account.id, 'CloudRefreshToken');
    if (token) await aged.house.houseTokens.useUp(token);
    assert.equal((await client.refresh(refresh_token)).status, 200);
    const kinds = kindsOf(await aged.house.tokens.ofAccount(account.id));
    assert.equal(kinds.includes('CloudRefreshToken'), false);
    assert.equal(kinds.filter((kind) => kind === 'RefreshToken').length, 1, 'the one of before was used up');
    // The engine's are stored for a while longer than they are good for.
    aged.clock.advance(3600);
    assert.deepEqual(kindsOf(await aged.house.tokens.ofAccount(account.id)), ['RefreshToken']);
  });
});
