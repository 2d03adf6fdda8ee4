import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { depart, fails, openUpstream, providerAt, signInThere } from '../support/upstream-sign-in.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';

const answer = (there: TestProvider, endpoint: 'token' | 'user' | 'emails', status: number, body: unknown) => {
  there.instead[endpoint] = (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

describe('Entra', () => {
  const start = () => startTestProvider({ path: '/{tenantid}/v2.0' });
  const entra = (there: TestProvider) => providerAt(there.issuer, { preset: 'entra' });
  const of = (there: TestProvider, tid: unknown, iss = there.issuer.replace('{tenantid}', String(tid))) => {
    there.idToken = (usual) => ({ ...usual, iss, tid });
  };

  it('has an issuer for each tenant, which is that of the token', async () => {
    await using there = await start();
    of(there, TENANT);
    const { issuer } = await signInThere(openUpstream(), entra(there), there);
    assert.equal(issuer, `${there.origin}/${TENANT}/v2.0`);
  });

  it('is not believed about other issuers, or tenants that are none', async () => {
    await using there = await start();
    const other = `${there.origin}/99999999-2222-3333-4444-555555555555/v2.0`;
    for (const [tid, iss] of [
      [TENANT, other],
      [TENANT, there.issuer],
      [TENANT, `https://elsewhere.example/${TENANT}/v2.0`],
      ['{tenantid}', undefined],
      ['..', undefined],
      ['', undefined],
      [`${TENANT}/x`, undefined],
      [[TENANT], undefined],
      ['$&', `${there.origin}/{tenantid}/v2.0`],
    ] as const) {
      of(there, tid, iss);
      await assert.rejects(signInThere(openUpstream(), entra(there), there), fails('invalid', /another issuer/), `${tid} ${iss}`);
    }
  });

  it('[security 94] is told from others by the issuer of its answer', async () => {
    await using there = await start();
    of(there, TENANT);
    const from = (iss: string) => (callback: URL) => callback.searchParams.set('iss', iss);
    assert.equal((await signInThere(openUpstream(), entra(there), there, from(`${there.origin}/${TENANT}/v2.0`))).subject, 'ada');
    const wrong = signInThere(openUpstream(), entra(there), there, from('https://elsewhere.example'));
    await assert.rejects(wrong, fails('invalid', /another issuer than its ID token/));
  });

  it('takes an assertion for its token endpoint, having no name for all tenants', async () => {
    await using there = await start();
    of(there, TENANT);
    await signInThere(openUpstream(), { ...entra(there), authentication: 'private_key_jwt' }, there);
    assert.equal(decodeJwt(there.lastForm.get('client_assertion') ?? '').aud, `${there.origin}/token`);
  });

  it('of one tenant is any OpenID provider', async () => {
    await using there = await startTestProvider({ path: `/${TENANT}/v2.0` });
    assert.equal((await signInThere(openUpstream(), entra(there), there)).issuer, there.issuer);
  });
});

describe('GitHub', () => {
  const github = (there: TestProvider) => providerAt(there.issuer, { preset: 'github' });

  it('is asked for the person and their addresses', async () => {
    await using there = await startTestProvider();
    const { upstream } = openUpstream();
    const { url } = await depart(upstream, github(there));
    assert.equal(`${url.origin}${url.pathname}`, `${there.origin}/login/oauth/authorize`);
    assert.equal(url.searchParams.get('scope'), 'read:user user:email');
    const { issuer, subject, claims, idToken } = await signInThere({ upstream }, github(there), there);
    assert.deepEqual({ issuer, subject, idToken }, { issuer: there.issuer, subject: '42', idToken: undefined });
    assert.deepEqual(claims, { id: 42, login: 'ada', email: 'ada@example.com', email_verified: true });
    assert.equal(there.asked.discovery + there.asked.keys, 0);
    await assert.rejects(depart(upstream, github(there), { maxAge: 300 }), fails('stale', /cannot tell when/));
    const aged = await depart(upstream, github(there));
    await assert.rejects(
      upstream.redeem(github(there), there.authorize(aged.url), { ...aged.expected, maxAge: 300 }),
      fails('stale', /cannot tell when/),
    );
    const known = await depart(openUpstream().upstream, providerAt('https://github.com', { preset: 'github' }));
    assert.equal(known.url.host, 'github.com');
  });

  it('vouches for the primary address, when it is verified', async () => {
    await using there = await startTestProvider();
    const lists = [
      [],
      [{ email: 'a@example.com', primary: true, verified: false }],
      [{ email: 'a@example.com', primary: false, verified: true }],
    ];
    for (const emails of lists) {
      answer(there, 'emails', 200, emails);
      assert.deepEqual((await signInThere(openUpstream(), github(there), there)).claims, { id: 42, login: 'ada' });
    }
    answer(there, 'emails', 404, {});
    assert.deepEqual((await signInThere(openUpstream(), github(there), there)).claims, { id: 42, login: 'ada' });
    answer(there, 'emails', 200, { email: 'a@example.com' });
    await assert.rejects(signInThere(openUpstream(), github(there), there), fails('invalid', /not a list of addresses/));
  });

  it('says no with 200', async () => {
    await using there = await startTestProvider();
    answer(there, 'token', 200, { error: 'bad_verification_code', error_description: 'The code is incorrect or expired.' });
    await assert.rejects(signInThere(openUpstream(), github(there), there), fails('refused', /bad_verification_code: The code is/));
    answer(there, 'token', 200, { error: 'incorrect_client_credentials' });
    await assert.rejects(signInThere(openUpstream(), github(there), there), fails('invalid', /incorrect_client_credentials/));
  });

  it('[security 98] gives a number as the subject, or nothing', async () => {
    await using there = await startTestProvider();
    for (const id of ['42', null, { $ne: 1 }, -1, 1.5, 1e300]) {
      answer(there, 'user', 200, { id, login: 'ada' });
      await assert.rejects(signInThere(openUpstream(), github(there), there), fails('invalid', /no id that is a number/), String(id));
    }
    answer(there, 'user', 401, { message: 'Bad credentials' });
    await assert.rejects(signInThere(openUpstream(), github(there), there), fails('invalid', /401/));
  });
});
