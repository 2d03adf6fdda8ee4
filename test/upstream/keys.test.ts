import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { fails, openUpstream, providerAt, signInThere } from '../support/upstream-sign-in.ts';

const UNKNOWN = fails('invalid', /not among those of the provider/);

describe('keys of other providers', () => {
  let there: TestProvider;

  before(async () => {
    there = await startTestProvider();
  });

  after(() => there[Symbol.asyncDispose]());

  beforeEach(() => {
    delete there.instead.keys;
    there.asked.keys = 0;
  });

  const foreign = (kid: string) => there.sign({ iss: there.issuer }, { kid });

  it('[security 99] are fetched again once in half a minute, however many tokens of unknown keys come', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    await signInThere({ upstream }, provider, there);
    assert.equal(there.asked.keys, 1);
    const flood = async () => {
      const tokens = await Promise.all(Array.from({ length: 500 }, (_, index) => foreign(`made-up-${index}`)));
      const ends = await Promise.allSettled(tokens.map((token) => upstream.readLogoutToken(provider, token)));
      for (const end of ends) assert.ok(end.status === 'rejected' && UNKNOWN(end.reason));
      for (const token of tokens) await assert.rejects(upstream.readLogoutToken(provider, token), UNKNOWN);
    };
    await flood();
    assert.equal(there.asked.keys, 2);
    clock.advance(31);
    await flood();
    assert.equal(there.asked.keys, 3);
  });

  it('[security 99] that are none are fetched once in half a minute too', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    there.instead.keys = (_, response) => response.writeHead(404).end();
    const flood = async () => {
      for (let count = 0; count < 100; count++)
        await assert.rejects(upstream.readLogoutToken(provider, await foreign('made-up')), fails('invalid', /answered 404/));
    };
    await flood();
    assert.equal(there.asked.keys, 1);
    clock.advance(31);
    await flood();
    assert.equal(there.asked.keys, 2);
    clock.advance(31);
    delete there.instead.keys;
    assert.equal((await signInThere({ upstream }, provider, there)).subject, 'ada');
  });

  it('[security 99] that changed are understood at the first try', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    await signInThere({ upstream }, provider, there);
    await there.rotate('RS256');
    assert.equal((await signInThere({ upstream }, provider, there)).subject, 'ada');
    assert.equal(there.asked.keys, 2);
    await assert.rejects(upstream.readLogoutToken(provider, await foreign('made-up')), UNKNOWN);
    clock.advance(31);
    await there.rotate();
    const both = [signInThere({ upstream }, provider, there), signInThere({ upstream }, provider, there)];
    assert.deepEqual(
      (await Promise.all(both)).map(({ subject }) => subject),
      ['ada', 'ada'],
    );
    assert.equal(there.asked.keys, 3);
  });

  it('are asked for again after ten minutes, so that one that was withdrawn is forgotten', async () => {
    const { upstream, clock } = openUpstream();
    const provider = providerAt(there.issuer);
    await signInThere({ upstream }, provider, there);
    const old = await there.sign({ iss: there.issuer });
    await there.rotate();
    clock.advance(601);
    await assert.rejects(upstream.readLogoutToken(provider, old), UNKNOWN);
  });

  it('that make no sense are refused', async () => {
    const sets = [
      {},
      { keys: 'none' },
      { keys: [null] },
      { keys: [7] },
      { keys: [] },
      { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 7 }] },
    ];
    for (const set of sets) {
      there.instead.keys = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(set));
      await assert.rejects(
        signInThere(openUpstream(), providerAt(there.issuer), there),
        fails('invalid', /keys|key /),
        JSON.stringify(set),
      );
    }
  });

  it('that are secret are no keys to verify with', async () => {
    there.instead.keys = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[{"kty":"oct","k":"aHVzaA","alg":"HS256"}]}');
    };
    await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there), UNKNOWN);
  });
});
