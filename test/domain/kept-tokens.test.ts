import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { FederatedIdentity } from '../../src/domain/federation/identity.ts';
import { isIdentityOf } from '../../src/domain/federation/issuers.ts';
import { openTokens } from '../../src/domain/federation/kept-tokens.ts';
import { createPeople } from '../../src/domain/federation/people.ts';
import { createTokenRefresh } from '../../src/domain/federation/token-refresh.ts';
import type { UpstreamTokens } from '../../src/domain/federation/upstream.ts';
import { providerId, type UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import { SealBrokenError } from '../../src/lib/keyring.ts';
import { ORIGIN, startServer, type TestServer } from '../support/start-server.ts';
import { startTestProvider, type TestProvider } from '../support/test-provider.ts';

const FOREVER = new Date('2100-01-01T00:00:00Z');

describe('the tokens of a provider', () => {
  let server: TestServer;
  let there: TestProvider;
  let corp: UpstreamProvider;
  before(async () => {
    there = await startTestProvider();
    server = await startServer({ GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: '["localhost"]' });
    const settings = { id: 'corp', preset: 'oidc', issuer: there.issuer, client_id: 'us', client_secret: 'hush' } as const;
    corp = await server.house.providers.create({ ...settings, creation: 'everybody', keeps_tokens: true }, ORIGIN);
  });
  beforeEach(async () => {
    there.refreshTokens = new Set();
    there.tokens = {};
    delete there.instead.token;
    there.asked.token = 0;
    for (const { identity, tokens } of await kept()) await server.house.storage.upstreamTokens.swap(identity.id, tokens, undefined);
    server.clock.advance(90);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
  });

  const kept = () => server.house.storage.upstreamTokens.due(FOREVER, 100);
  const only = async () => {
    const [found, ...more] = await kept();
    assert.ok(found && more.length === 0);
    return { ...found, content: openTokens(found.identity.id, found.tokens, server.house.keyring) };
  };

  /** Somebody comes from there, whose tokens live for five minutes. */
  const signIn = async ({
    from = corp,
    subject = randomUUID(),
    ...changes
  }: Partial<UpstreamTokens> & { from?: UpstreamProvider; subject?: string } = {}) => {
    const { house, tenant, clock } = server;
    const { identities, accounts } = house.storage;
    const people = createPeople({ ...house, identities, accounts, accountService: house.accounts, firstTenant: tenant.id });
    const tokens = {
      accessToken: `access-${subject}`,
      refreshToken: `refresh-${subject}`,
      expiresAt: new Date(clock.now().getTime() + 300_000),
    };
    there.refreshTokens?.add(tokens.refreshToken);
    const claims = { sub: subject, email: `${subject}@corp.example`, email_verified: true };
    const who = { issuer: from.issuer, subject, claims, acr: undefined, amr: [], idToken: undefined };
    const outcome = await people.recognise(from, { ...who, tokens: { ...tokens, ...changes } }, tenant.id, ORIGIN);
    return outcome.kind === 'known' ? outcome.account : assert.fail(outcome.kind);
  };
  const refresh = async (seconds = 0) => {
    server.clock.advance(seconds);
    const refused: FederatedIdentity[] = [];
    await server.house.tokenRefresh.refreshInTurn(async (identity) => void refused.push(identity));
    return refused;
  };
  const answering =
    (status: number, body: unknown = {}): RequestListener =>
    (_, response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  it('are kept where the provider’s settings say so, and nowhere else', async () => {
    await signIn({ from: { ...corp, keepsTokens: false } });
    assert.deepEqual(await kept(), []);
    const account = await signIn({ subject: 'ada' });
    const { identity, content } = await only();
    assert.deepEqual([identity.accountId, content.accessToken, content.refreshToken], [account.id, 'access-ada', 'refresh-ada']);
    await signIn({ subject: 'ada', accessToken: 'newer' });
    assert.equal((await only()).content.accessToken, 'newer', 'those of the last sign-in');
    await signIn({ subject: 'ada', accessToken: 'other', from: { ...corp, id: providerId('other') } });
    assert.equal((await only()).content.accessToken, 'newer', 'another client of the same issuer gets its own');
  });

  it('lie sealed, each for its identity alone', async () => {
    await signIn({ subject: 'bea' });
    const { identity, tokens } = await only();
    assert.doesNotMatch(JSON.stringify(await kept()), /access-|refresh-/);
    const { keyring } = server.house;
    assert.throws(() => openTokens(`${identity.id}x` as typeof identity.id, tokens, keyring), SealBrokenError);
  });

  it('are refreshed before their time is over, by a refresh token that is another one each time', async () => {
    await signIn({ subject: 'carl' });
    await refresh(140);
    assert.equal(there.asked.token, 0, 'not before it is due');
    await refresh(60);
    const { content } = await only();
    assert.notEqual(content.accessToken, 'access-carl');
    assert.deepEqual([there.asked.token, [...(there.refreshTokens ?? [])]], [1, [content.refreshToken]]);
    assert.deepEqual(await refresh(160), []);
    assert.notEqual((await only()).content.refreshToken, content.refreshToken);
    assert.equal(there.asked.token, 2);
  });

  it('are sent to no other issuer than the one that gave them', async () => {
    await using elsewhere = await startTestProvider();
    await signIn();
    const { providers } = server.house;
    await providers.update(corp, { issuer: elsewhere.issuer, client_secret: 'new' }, ORIGIN);
    await refresh(160);
    assert.deepEqual([elsewhere.asked.token, there.asked.token, await kept()], [0, 0, []]);
    await providers.update(corp, { issuer: there.issuer, client_secret: 'hush' }, ORIGIN);
    const entra = { issuer: 'https://login.example/{tenantid}/v2.0' };
    const fits = ['https://login.example/a/v2.0', 'https://login.example/a', 'https://evil.example/a/v2.0'].map((each) =>
      isIdentityOf(entra, { issuer: each }),
    );
    assert.deepEqual(fits, [true, false, false]);
  });

  it('that another client of ours was given are forgotten, and nothing ends', async () => {
    await signIn();
    const { providers } = server.house;
    await providers.update(corp, { client_id: 'we-too', client_secret: 'new' }, ORIGIN);
    assert.deepEqual([await refresh(160), there.asked.token, await kept()], [[], 0, []]);
    await providers.update(corp, { client_id: 'us', client_secret: 'hush' }, ORIGIN);
  });

  it('that a provider does not rotate are used on', async () => {
    await signIn({ subject: 'dora' });
    there.instead.token = answering(200, { access_token: 'fresh', token_type: 'bearer', expires_in: 3600 });
    await refresh(160);
    const { content, tokens } = await only();
    assert.deepEqual([content.accessToken, content.refreshToken], ['fresh', 'refresh-dora']);
    const left = tokens.dueAt.getTime() - server.clock.now().getTime();
    assert.ok(left > 54 * 60_000 && left <= 55 * 60_000, 'five minutes before the end');
  });

  it('are each refreshed once by several who are at it at once, however many there are', async () => {
    for (let n = 0; n < 20; n++) await signIn();
    const { house, clock } = server;
    clock.advance(160);
    const { accounts, counters, upstreamTokens } = house.storage;
    const all = [1, 2, 3].map((n) => {
      // Each takes it for its turn.
      const own = { ...counters, hit: ((key, ...rest) => counters.hit(`${key} ${n}`, ...rest)) as typeof counters.hit };
      return createTokenRefresh({ ...house, accounts, upstreamTokens, counters: own });
    });
    const refused: FederatedIdentity[] = [];
    await Promise.all(all.map((each) => each.refreshInTurn(async (identity) => void refused.push(identity))));
    assert.deepEqual([there.asked.token, refused, (await kept()).length], [20, [], 20]);
    assert.equal(there.refreshTokens?.size, 20);
    await refresh();
    await Promise.all([refresh(), refresh()]);
    assert.equal(there.asked.token, 20, 'nothing is due any more');
  });

  it('wait where the provider does not answer, or does not take our proof', async () => {
    await signIn();
    for (const [status, body, asked] of [
      [503, {}, 1],
      [401, { error: 'invalid_client' }, 2],
      [400, { error: 'slow_down', error_description: 'refresh-greta is busy' }, 3],
    ] as const) {
      there.instead.token = answering(status, body);
      assert.deepEqual(await refresh(160 * 3 ** (asked - 1)), []);
      assert.equal(there.asked.token, asked);
      assert.deepEqual(await refresh(30), [], 'not again at once');
      assert.equal(there.asked.token, asked);
    }
    delete there.instead.token;
    await refresh(3600);
    assert.equal((await only()).content.refreshToken, [...(there.refreshTokens ?? [])][0]);
  });

  it('are forgotten when the provider says that it is over, and whoever ends what hangs on it is told', async () => {
    const account = await signIn({ subject: 'emil' });
    const { identity } = await only();
    there.refreshTokens?.clear();
    assert.deepEqual(await refresh(160), [identity]);
    assert.deepEqual(await kept(), []);
    assert.deepEqual(await refresh(160), []);
    const [event, ...more] = await server.house.storage.audit.list({ accountId: account.id, type: 'federation.refresh_refused', limit: 9 });
    assert.deepEqual([event?.detail, more], [{ provider: 'corp', reason: 'It answered invalid_grant.' }, []]);
    const trail = JSON.stringify(await server.house.storage.audit.list({ limit: 1000 }));
    assert.doesNotMatch(trail, /access-|refresh-emil/);
  });

  it('come to whoever ends what hangs on it again, when that did not go well', async () => {
    await signIn();
    there.refreshTokens?.clear();
    server.clock.advance(160);
    await server.house.tokenRefresh.refreshInTurn(() => Promise.reject(new Error('no')));
    assert.equal((await kept()).length, 1);
    assert.equal((await refresh(130)).length, 1);
  });

  it('of somebody who signed in while the old ones were refused stay, and nobody is told', async () => {
    await signIn({ subject: 'fay' });
    there.instead.token = async (request, response) => {
      await signIn({ subject: 'fay', accessToken: 'newer' });
      answering(400, { error: 'invalid_grant' })(request, response);
    };
    assert.deepEqual(await refresh(160), []);
    assert.equal((await only()).content.accessToken, 'newer');
  });

  it('end with what they are of, or when nobody is to keep them', async () => {
    const { house } = server;
    const { providers, storage, identities } = house;
    const ada = await signIn();
    await storage.accounts.update(ada.tenantId, ada.id, (old) => ({ ...old, passwordHash: 'set' }));
    await identities.unlink(ada, (await only()).identity.id, ORIGIN);
    assert.deepEqual(await kept(), []);

    await signIn({ refreshToken: undefined });
    await refresh(290);
    assert.equal((await kept()).length, 1);
    await refresh(70);
    assert.deepEqual(await kept(), [], 'their time is over, and nothing renews them');

    await signIn({ expiresAt: undefined, refreshToken: undefined });
    await refresh(86_500);
    assert.equal((await kept()).length, 1, 'those have no end');
    corp = await providers.update(corp, { keeps_tokens: false }, ORIGIN);
    await refresh(86_500);
    assert.deepEqual([await kept(), there.asked.token], [[], 0]);
  });
});
