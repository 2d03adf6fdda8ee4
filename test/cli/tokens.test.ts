import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { House } from '../../src/compose.ts';
import { openTestHouse } from '../support/open-test-house.ts';
import { protocolClient, tokensOf } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { issueEveryKind } from '../support/token-kinds.ts';
import { type CommandLine, createCommandLine } from './command-line.ts';
import { createServedCommandLine } from './server-process.ts';

async function withAlice(cli: CommandLine): Promise<{ house: House; values: Readonly<Record<string, string>>; id: string }> {
  const { id } = await cli.ask(['account', 'add', 'alice@example.com']);
  const house = await openTestHouse(cli.env);
  // The first start of the server makes them.
  await house.keys.load(ORIGIN);
  return { house, id: String(id), values: await issueEveryKind(house, await house.accounts.resolve(String(id))) };
}

describe('gatehouse token', () => {
  it('lists what a person holds, with ids that help nobody, and ends any of it', async () => {
    await using cli = await createCommandLine();
    const { house, values, id } = await withAlice(cli);
    await using _house = house;
    const entries = await cli.askList(['token', 'list', '--account', 'alice@example.com']);
    const kinds = ['LoginToken', 'ShortToken', 'PrivateToken', 'SessionToken', 'CloudAccessToken', 'CloudRefreshToken'];
    assert.deepEqual(entries.map(({ kind }) => kind).toSorted(), kinds.toSorted());
    const words = await cli.say(['token', 'list', '--account', id]);
    assert.match(words, /^Id +Kind +Name +Client +Scopes +Issued +Expires +Last used\n/);
    assert.match(words, / private +Nightly export +- +all /);
    for (const value of Object.values(values))
      for (const text of [JSON.stringify(entries), words]) assert.equal(text.includes(value.slice(-20)), false);

    const used = entries.find(({ kind }) => kind === 'PrivateToken');
    assert.equal(used?.last_used_at, null);
    const [token] = await house.houseTokens.list((await house.accounts.resolve(id)).id, 'PrivateToken');
    if (token) await house.tokenUses.note(token);
    const after = await cli.askList(['token', 'list', '--account', id]);
    assert.match(String(after.find(({ kind }) => kind === 'PrivateToken')?.last_used_at), /^\d{4}-/);

    assert.match(await cli.say(['token', 'revoke', String(used?.id)]), /^The private token “Nightly export” is dead\.\n$/);
    for (const { id: each, kind } of entries) {
      // The access token of the cloud API was first, and its pair went with it.
      const gone = kind === 'PrivateToken' || kind === 'CloudRefreshToken';
      if (gone) assert.equal((await cli.fail(1, ['token', 'revoke', String(each)])).error, 'not_found');
      else assert.equal((await cli.ask(['token', 'revoke', String(each)])).revoked, true);
    }
    assert.deepEqual(await cli.askList(['token', 'list', '--account', id]), []);
    assert.match(await cli.say(['token', 'list', '--account', id]), /^No live tokens/);
    const [entry] = await cli.askList(['audit', 'list', '--type', 'token.revoked', '--tenant', 'main', '--account', id]);
    assert.equal(entry?.ip, 'cli');
  });

  it('ends what applications and services hold, at once', async () => {
    await using server = await createServedCommandLine();
    const { cli } = server;
    await cli.ask(['account', 'add', 'bob@example.com', '--password-stdin'], { input: PASSWORD });
    const house = await openTestHouse(cli.env);
    await using _house = house;
    const app = await cli.ask(['client', 'add', 'Wiki', '--type', 'web', '--redirect-uri', CALLBACK]);
    const job = await cli.ask(['client', 'add', 'Job', '--type', 'service', '--scope', 'read:users']);
    const clientOf = async ({ client_id, client_secret }: typeof app) =>
      protocolClient(server, { client: await house.clients.resolve(String(client_id)), secret: String(client_secret) });
    const [wiki, service] = [await clientOf(app), await clientOf(job)];
    const tokens = await tokensOf(wiki, { identifier: 'bob@example.com' });
    const own = (await service.token({ grant_type: 'client_credentials' })).json.access_token;

    const held = await cli.askList(['token', 'list', '--client', String(app.client_id)]);
    assert.deepEqual(held.map(({ kind }) => kind).toSorted(), ['AccessToken', 'RefreshToken']);
    assert.deepEqual(await cli.askList(['token', 'list', '--account', 'bob@example.com']), held);
    const [first] = await cli.askList(['token', 'list', '--client', String(job.client_id)]);
    assert.deepEqual([first?.kind, first?.scope, first?.account_id], ['ClientCredentials', 'read:users', null]);

    await cli.ask(['token', 'revoke', String(held.find(({ kind }) => kind === 'RefreshToken')?.id)]);
    assert.equal((await wiki.introspect(tokens.access_token)).json.active, false);
    assert.equal((await wiki.refresh(tokens.refresh_token)).json.error, 'invalid_grant');
    assert.equal((await service.introspect(own)).json.active, true);
    await cli.ask(['token', 'revoke', String(first?.id)]);
    assert.equal((await service.introspect(own)).json.active, false);
  });

  it('asks whose tokens', async () => {
    await using cli = await createCommandLine();
    assert.match((await cli.fail(2, ['token', 'list'])).message, /--account or --client/);
    assert.equal((await cli.fail(2, ['token', 'list', '--account', 'a', '--client', 'b'])).error, 'usage');
    assert.equal((await cli.fail(1, ['token', 'list', '--account', 'nobody@example.com'])).error, 'not_found');
    assert.match((await cli.fail(1, ['token', 'revoke', 'nothing'])).message, /gatehouse token list/);
  });
});
