import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { base64url, SignJWT } from 'jose';
import { mapClaims } from '../../src/domain/federation/claims-mapping.ts';
import { type Claims, startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { depart, fails, openUpstream, providerAt, signInThere } from '../support/upstream-sign-in.ts';

const now = () => Math.floor(Date.now() / 1000);

describe('ID tokens of other providers', () => {
  let there: TestProvider;

  before(async () => {
    there = await startTestProvider();
  });

  after(() => there[Symbol.asyncDispose]());

  beforeEach(() => {
    there.idToken = (usual) => usual;
    there.finish = (token) => token;
    there.userinfo = {};
  });

  const signIn = () => signInThere(openUpstream(), providerAt(there.issuer), there);

  for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA'])
    it(`signed with ${alg} are taken`, async () => {
      await there.rotate(alg);
      const { issuer, subject, idToken, tokens } = await signIn();
      assert.deepEqual({ issuer, subject }, { issuer: there.issuer, subject: 'ada' });
      assert.equal(idToken?.split('.').length, 3);
      assert.equal(tokens.accessToken, 'of-ada');
      assert.ok(tokens.expiresAt && tokens.expiresAt > new Date());
    });

  const WRONG: readonly (readonly [string, (usual: Claims) => Claims | string, RegExp])[] = [
    ['another issuer', (usual) => ({ ...usual, iss: 'https://elsewhere.example' }), /another issuer/],
    ['an issuer that is no text', (usual) => ({ ...usual, iss: [usual.iss] }), /another issuer/],
    ['another audience', (usual) => ({ ...usual, aud: 'somebody-else' }), /its aud/],
    ['no audience', ({ aud: _aud, ...rest }) => rest, /no aud/],
    ['another authorized party', (usual) => ({ ...usual, azp: 'somebody-else' }), /azp/],
    ['several audiences and no authorized party', (usual) => ({ ...usual, aud: ['gatehouse', 'more'] }), /azp/],
    ['another nonce', (usual) => ({ ...usual, nonce: 'other' }), /nonce differs/],
    ['no nonce', ({ nonce: _nonce, ...rest }) => rest, /no nonce/],
    ['an expiry that is over', (usual) => ({ ...usual, exp: now() - 90 }), /time is over/],
    ['no expiry', ({ exp: _exp, ...rest }) => rest, /no exp/],
    ['an expiry that is no number', (usual) => ({ ...usual, exp: 'tomorrow' }), /exp/],
    ['an issue time ahead of ours', (usual) => ({ ...usual, iat: now() + 90 }), /from the future/],
    ['an issue time long ago', (usual) => ({ ...usual, iat: now() - 900 }), /time is over/],
    ['a start ahead of ours', (usual) => ({ ...usual, nbf: now() + 90 }), /from the future/],
    ['a subject that is an object', (usual) => ({ ...usual, sub: { $ne: null } }), /subject/],
    ['a subject that is null', (usual) => ({ ...usual, sub: null }), /subject/],
    ['no subject', ({ sub: _sub, ...rest }) => rest, /no sub/],
    ['an empty subject', (usual) => ({ ...usual, sub: '' }), /subject/],
    ['a subject of 256 characters', (usual) => ({ ...usual, sub: 'a'.repeat(256) }), /subject/],
    ['a subject with a NUL in it', (usual) => ({ ...usual, sub: 'ada\u0000' }), /subject/],
    ['claims nested without end', (usual) => `{"deep":${'['.repeat(9000)}${']'.repeat(9000)},${JSON.stringify(usual).slice(1)}`, /nested/],
  ];
  for (const [name, change, words] of WRONG)
    it(`[security 95, 98] with ${name} are refused`, async () => {
      there.idToken = change;
      await assert.rejects(signIn(), fails('invalid', words));
    });

  it('tell of a sign-in that is as fresh as was asked for, or are refused', async () => {
    const { upstream } = openUpstream();
    const signInAsked = async (asked: Parameters<typeof depart>[2], auth_time: unknown) => {
      there.idToken = (usual) => ({ ...usual, auth_time });
      const { url, expected } = await depart(upstream, providerAt(there.issuer), asked);
      assert.equal(url.searchParams.get('max_age'), asked?.maxAge?.toString() ?? null);
      return await upstream.redeem(providerAt(there.issuer), there.authorize(url), expected);
    };
    for (const auth_time of [undefined, null, String(now()), [now()]])
      await assert.rejects(signInAsked({ maxAge: 300 }, auth_time), fails('stale', /did not tell when/));
    await assert.rejects(signInAsked({ maxAge: 300 }, now() - 370), fails('stale', /37\d seconds ago, and 300 are the most/));
    await assert.rejects(signInAsked({ maxAge: 0 }, now() - 70), fails('stale', /seconds ago/));
    await assert.rejects(signInAsked({ promptedAt: now() }, now() - 70), fails('stale', /prompt=login/));
    for (const [asked, auth_time] of [
      [{ maxAge: 300 }, now() - 350],
      [{ maxAge: 0 }, now()],
      [{ promptedAt: now() }, undefined],
      [{}, 1],
    ] as const)
      assert.equal((await signInAsked(asked, auth_time)).subject, 'ada');
  });

  it('bear a clock that differs by less than a minute', async () => {
    there.idToken = (usual) => ({ ...usual, iat: now() + 50, exp: now() - 50 });
    assert.equal((await signIn()).subject, 'ada');
  });

  it('take several audiences when we are the authorized party, and a subject of 255 characters', async () => {
    there.idToken = (usual) => ({ ...usual, aud: ['gatehouse', 'more'], azp: 'gatehouse', sub: 'a'.repeat(255) });
    assert.equal((await signIn()).subject.length, 255);
  });

  it('[security 95] unsigned, signed with our secret, with another’s key or not at all are refused', async () => {
    const unsigned = (token: string) => `${base64url.encode('{"alg":"none"}')}.${token.split('.')[1]}.`;
    const reused = (token: string) => `${base64url.encode('{"alg":"None"}')}.${token.split('.').slice(1).join('.')}`;
    for (const finish of [unsigned, reused]) {
      there.finish = finish;
      await assert.rejects(signIn(), fails('invalid', /not signed with|not to be trusted/));
    }
    let usual: Claims = {};
    there.idToken = (claims) => (usual = claims);
    there.finish = () => new SignJWT(usual).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('hush'.padEnd(32, '.')));
    const symmetric = there.finish;
    there.finish = () => '';
    await assert.rejects(signIn(), fails('invalid', /not to be trusted/));
    const token = (await symmetric('')) as string;
    there.finish = () => token;
    await assert.rejects(signIn(), fails('invalid', /not signed with/));
    there.finish = (signed) => `${signed.slice(0, -8)}AAAAAAAA`;
    await assert.rejects(signIn(), fails('invalid', /signature is wrong/));
    there.finish = () => ({ toString: 'x' });
    await assert.rejects(signIn(), fails('invalid', /not a text/));
    there.finish = () => undefined;
    await assert.rejects(signIn(), fails('invalid', /without an ID token/));
  });

  it('[security 98] of a megabyte are not read', async () => {
    there.idToken = (usual) => ({ ...usual, sub: 'a'.repeat(1_000_000) });
    await assert.rejects(signIn(), fails('invalid', /longer than 65536 bytes/));
  });

  it('[security 98] cannot reach into other objects', async () => {
    there.idToken = (usual) =>
      `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"nested":{"__proto__":{"polluted":true}},${JSON.stringify(usual).slice(1)}`;
    const { claims } = await signIn();
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Reflect.get(claims, 'polluted'), undefined);
    assert.equal(JSON.stringify(claims).includes('polluted'), false);
    assert.deepEqual(claims.nested, {});
  });

  it('[security 98] with ten thousand groups are bounded', async () => {
    there.idToken = (usual) => ({ ...usual, groups: Array.from({ length: 10_000 }, (_, index) => `group-${index}`) });
    await assert.rejects(signIn(), fails('invalid', /longer than 65536 bytes/));
    there.idToken = (usual) => ({ ...usual, groups: Array.from({ length: 3000 }, (_, index) => `group-${index}`) });
    const { claims } = await signIn();
    const provider = providerAt(there.issuer);
    assert.equal(mapClaims(claims, provider.claims, provider.roles).groups.length, 1000);
  });

  it('[security 98] and userinfo together are bounded', async () => {
    const half = Array.from({ length: 3000 }, (_, index) => `group-${index}`);
    there.idToken = (usual) => ({ ...usual, groups: half });
    there.userinfo = { more: [...half, ...half.slice(0, 1500)] };
    await assert.rejects(signIn(), fails('invalid', /more than 65536 bytes/));
  });

  it('tell how somebody signed in there', async () => {
    there.idToken = (usual) => ({ ...usual, acr: 'high', amr: ['pwd', 7, 'otp'] });
    const { acr, amr } = await signIn();
    assert.deepEqual({ acr, amr }, { acr: 'high', amr: ['pwd', 'otp'] });
  });
});
