import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Claims, startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { fails, openUpstream, providerAt } from '../support/upstream-sign-in.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

describe('logout tokens of other providers', () => {
  let there: TestProvider;

  before(async () => {
    there = await startTestProvider();
  });

  after(() => there[Symbol.asyncDispose]());

  const now = () => Math.floor(Date.now() / 1000);
  const usual = (): Claims => ({
    iss: there.issuer,
    aud: 'gatehouse',
    iat: now(),
    exp: now() + 120,
    jti: 'one',
    sub: 'ada',
    sid: 'session',
    events: { [EVENT]: {} },
  });
  const read = async (claims: Claims | string, header: Claims = { typ: 'logout+jwt' }) =>
    await openUpstream().upstream.readLogoutToken(providerAt(there.issuer), await there.sign(claims, header));

  it('tell who signed out, or of which session', async () => {
    const token = usual();
    const told = { issuer: there.issuer, subject: 'ada', sid: 'session', issuedAt: token.iat, jti: 'one' };
    assert.deepEqual(await read(token), told);
    assert.deepEqual(await read({ ...token, sub: undefined }), { ...told, subject: undefined });
    assert.deepEqual(await read({ ...token, sid: undefined, exp: undefined }), { ...told, sid: undefined });
    for (const header of [{}, { typ: 'JWT' }, { typ: 'application/logout+jwt' }]) assert.equal((await read(usual(), header)).jti, 'one');
  });

  const WRONG: readonly (readonly [string, Claims, RegExp])[] = [
    ['a nonce', { nonce: 'n' }, /nonce/],
    ['no event', { events: undefined }, /no events/],
    ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }, /no logout/],
    ['an event that is no object', { events: { [EVENT]: true } }, /no logout/],
    ['events that are a list', { events: [EVENT] }, /no logout/],
    ['no id', { jti: undefined }, /no jti/],
    ['an id that is an object', { jti: { $ne: 1 } }, /jti/],
    ['nobody', { sub: undefined, sid: undefined }, /neither whom/],
    ['a subject that is an object', { sub: { $ne: 1 } }, /whom it is about/],
    ['a session that is null', { sid: null }, /whom it is about/],
    ['another audience', { aud: 'other' }, /its aud/],
    ['another issuer', { iss: 'https://elsewhere.example' }, /another issuer/],
    ['no time', { iat: undefined }, /no iat/],
    ['a time long ago', { iat: now() - 200 }, /time is over/],
    ['a time to come', { iat: now() + 90 }, /from the future/],
    ['an expiry that is over', { exp: now() - 90 }, /time is over/],
  ];
  for (const [name, change, words] of WRONG)
    it(`with ${name} are refused`, async () => {
      await assert.rejects(read({ ...usual(), ...change }), fails('invalid', words));
    });

  it('of another kind are refused, and what is none at all', async () => {
    for (const typ of ['at+jwt', 'secevent+jwt']) await assert.rejects(read(usual(), { typ }), fails('invalid', /not a logout token/));
    const { upstream } = openUpstream();
    for (const token of ['', 'a.b.c', '.', 'x'.repeat(20_000), `${'x'.repeat(20_000)}.x.x`])
      await assert.rejects(upstream.readLogoutToken(providerAt(there.issuer), token), fails('invalid', /not a JWT|not a logout token/));
  });

  it('are not taken from a provider without OpenID Connect', async () => {
    const token = await there.sign(usual());
    const github = providerAt(there.issuer, { preset: 'github' });
    await assert.rejects(openUpstream().upstream.readLogoutToken(github, token), fails('invalid', /signs no tokens/));
  });
});
