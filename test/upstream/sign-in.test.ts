import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';
import { mapClaims } from '../../src/domain/federation/claims-mapping.ts';
import { type Endpoint, startTestProvider, type TestProvider } from '../support/test-provider.ts';
import { depart, fails, openUpstream, providerAt, REDIRECT, signInThere } from '../support/upstream-sign-in.ts';

describe('signing in with other providers', () => {
  let there: TestProvider;

  before(async () => {
    there = await startTestProvider();
  });

  after(() => there[Symbol.asyncDispose]());

  beforeEach(() => {
    for (const endpoint of Object.keys(there.instead)) delete there.instead[endpoint as Endpoint];
    there.discovery = {};
    there.tokens = {};
    there.userinfo = {};
    there.idToken = (usual) => usual;
  });

  it('sends the browser with state, nonce, PKCE and the hints of the application', async () => {
    const { upstream } = openUpstream();
    const expected = { state: 'the-state', nonce: 'the-nonce', codeVerifier: 'v'.repeat(43) };
    const hints = { loginHint: 'ada@example.com', acrValues: 'high', prompt: 'login', maxAge: 0, uiLocales: 'de' };
    const url = await upstream.authorizationUrl(providerAt(there.issuer), REDIRECT, { ...expected, ...hints });
    assert.equal(`${url.origin}${url.pathname}`, `${there.origin}/authorize`);
    const { code_challenge, ...rest } = Object.fromEntries(url.searchParams);
    assert.match(code_challenge ?? '', /^[\w-]{43}$/);
    assert.deepEqual(rest, {
      client_id: 'gatehouse',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid profile email',
      state: 'the-state',
      nonce: 'the-nonce',
      code_challenge_method: 'S256',
      login_hint: 'ada@example.com',
      acr_values: 'high',
      prompt: 'login',
      max_age: '0',
      ui_locales: 'de',
    });
  });

  it('asks for tokens that can be refreshed where they are kept, in the way of the provider', async () => {
    const { upstream } = openUpstream();
    const keeping = { keepsTokens: true };
    const scopes = ['openid', 'offline_access'];
    for (const [changes, asked, expected] of [
      [{ ...keeping, preset: 'google' }, undefined, ['offline', 'consent']],
      [{ ...keeping, preset: 'google' }, 'login', ['offline', 'login consent']],
      [{ ...keeping, preset: 'google' }, 'none', ['offline', 'none']],
      [{ ...keeping, scopes }, undefined, [null, 'consent']],
      [keeping, undefined, [null, null]],
      [{ ...keeping, scopes, preset: 'gitlab' }, undefined, [null, null]],
      [{ preset: 'google', scopes }, undefined, [null, null]],
    ] as const) {
      const expectation = { state: 's', nonce: 'n', codeVerifier: 'v'.repeat(43), prompt: asked };
      const { searchParams } = await upstream.authorizationUrl(providerAt(there.issuer, changes), REDIRECT, expectation);
      assert.deepEqual([searchParams.get('access_type'), searchParams.get('prompt')], expected, JSON.stringify([changes, asked]));
    }
  });

  it('pushes the request where that is offered', async () => {
    there.discovery = { pushed_authorization_request_endpoint: `${there.origin}/par` };
    const { upstream } = openUpstream();
    const { url } = await depart(upstream, providerAt(there.issuer));
    assert.deepEqual([...url.searchParams.keys()].toSorted(), ['client_id', 'request_uri']);
    assert.equal(there.lastForm.get('redirect_uri'), REDIRECT);
    assert.equal((await signInThere({ upstream }, providerAt(there.issuer), there)).subject, 'ada');
  });

  it('proves itself by secret, in either way', async () => {
    await signInThere(openUpstream({ secret: 'hu:sh' }), providerAt(there.issuer), there);
    assert.equal(there.lastAuthorization, `Basic ${btoa('gatehouse:hu%3Ash')}`);
    await signInThere(openUpstream(), providerAt(there.issuer, { authentication: 'client_secret_post' }), there);
    assert.equal(there.lastAuthorization, undefined);
    assert.equal(there.lastForm.get('client_secret'), 'hush');
  });

  it('proves itself by the key it publishes', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = { open: async () => [{ ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256' }] };
    const { upstream, clock } = openUpstream({ keys });
    await signInThere({ upstream }, providerAt(there.issuer, { authentication: 'private_key_jwt' }), there);
    const published = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] });
    const { payload } = await jwtVerify(there.lastForm.get('client_assertion') ?? '', published, { audience: there.issuer });
    assert.equal(payload.iss, 'gatehouse');
    assert.equal(payload.sub, 'gatehouse');
    assert.ok((payload.exp ?? 0) - clock.now().getTime() / 1000 <= 60);
    assert.equal(there.lastForm.get('client_secret'), null);
  });

  it('asks userinfo for what the ID token lacks', async () => {
    there.userinfo = { email: 'ada@example.com', email_verified: true, name: 'Ada', groups: ['a'], preferred_username: 'ada', acr: 'high' };
    there.idToken = (usual) => ({ ...usual, name: 'Ada of the token' });
    const { claims, acr } = await signInThere(openUpstream(), providerAt(there.issuer), there);
    const { claims: paths, roles } = providerAt(there.issuer);
    const { email, emailVerified, name, groups } = mapClaims(claims, paths, roles);
    assert.deepEqual(
      { email, emailVerified, name, groups },
      { email: 'ada@example.com', emailVerified: true, name: 'Ada of the token', groups: ['a'] },
    );
    assert.equal(acr, undefined);
    const asked = there.asked.userinfo;
    there.idToken = (usual) => ({ ...usual, ...there.userinfo });
    await signInThere(openUpstream(), providerAt(there.issuer), there);
    assert.equal(there.asked.userinfo, asked);
  });

  it('believes no userinfo about somebody else', async () => {
    for (const sub of ['eve', null, { $ne: 1 }, undefined]) {
      there.userinfo = { sub };
      await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there), fails('invalid', /not to be trusted/));
    }
  });

  it('believes that an address is verified only from where the address is', async () => {
    there.idToken = (usual) => ({ ...usual, email: 'victim@example.com' });
    there.userinfo = { email: 'eve@example.com', email_verified: true };
    const { claims } = await signInThere(openUpstream(), providerAt(there.issuer), there);
    assert.equal(claims.email, 'victim@example.com');
    assert.equal(claims.email_verified, undefined);
    there.userinfo = { email: 'victim@example.com', email_verified: true };
    assert.equal((await signInThere(openUpstream(), providerAt(there.issuer), there)).claims.email_verified, true);
    there.idToken = (usual) => ({ ...usual, email_verified: true });
    there.userinfo = { email: 'eve@example.com' };
    assert.equal((await signInThere(openUpstream(), providerAt(there.issuer), there)).claims.email_verified, undefined);
  });

  it('keeps what a provider says of its tokens within bounds', async () => {
    there.tokens = { expires_in: 1e300, refresh_token: 'again' };
    const { tokens } = await signInThere(openUpstream(), providerAt(there.issuer), there);
    assert.equal(tokens.refreshToken, 'again');
    assert.ok(tokens.expiresAt && tokens.expiresAt.getTime() < Date.now() + 400 * 86_400_000);
    there.tokens = { access_token: { of: 'ada' } };
    await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there), fails('invalid', /not to be trusted/));
  });

  it('tells a refusal from a wrong registration and from a fault', async () => {
    const kinds = {
      access_denied: 'refused',
      login_required: 'refused',
      unauthorized_client: 'invalid',
      server_error: 'unavailable',
    } as const;
    for (const [error, kind] of Object.entries(kinds)) {
      const change = (callback: URL) => {
        callback.searchParams.delete('code');
        callback.searchParams.set('error', error);
        callback.searchParams.set('error_description', 'a\nb\u202e');
      };
      await assert.rejects(
        signInThere(openUpstream(), providerAt(there.issuer), there, change),
        fails(kind, new RegExp(`^It answered ${error}: a b`)),
      );
    }
    there.instead.token = (_, response) => {
      response
        .writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="x"' })
        .end('{"error":"invalid_client"}');
    };
    await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there), fails('invalid', /invalid_client|401/));
  });

  it('[security 94] checks state, once of each, and the issuer of an answer', async () => {
    const changes: readonly ((callback: URL) => void)[] = [
      (callback) => callback.searchParams.set('state', 'other'),
      (callback) => callback.searchParams.delete('state'),
      (callback) => callback.searchParams.append('state', 'other'),
      (callback) => callback.searchParams.append('code', 'other'),
      (callback) => callback.searchParams.set('iss', 'https://elsewhere.example'),
      (callback) => callback.searchParams.set('iss', `${there.issuer}/`),
      (callback) => callback.searchParams.delete('code'),
    ];
    const asked = there.asked.token;
    for (const change of changes)
      await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there, change), fails('invalid', /not to be trusted/));
    assert.equal(there.asked.token, asked);
    const right = (callback: URL) => callback.searchParams.set('iss', there.issuer);
    there.discovery = { authorization_response_iss_parameter_supported: true };
    assert.equal((await signInThere(openUpstream(), providerAt(there.issuer), there, right)).subject, 'ada');
    await assert.rejects(signInThere(openUpstream(), providerAt(there.issuer), there), fails('invalid', /not to be trusted/));
  });

  it('[security 94] takes no code of one provider to another, and no token of one for another', async () => {
    await using other = await startTestProvider();
    const { upstream } = openUpstream();
    const here = await depart(upstream, providerAt(there.issuer));
    const elsewhere = await depart(upstream, providerAt(other.issuer, { updatedAt: new Date() }));
    const stolen = there.authorize(here.url);
    stolen.searchParams.set('state', elsewhere.expected.state);
    await assert.rejects(upstream.redeem(providerAt(other.issuer), stolen, elsewhere.expected), fails('refused', /invalid_grant/));
    stolen.searchParams.set('iss', there.issuer);
    await assert.rejects(upstream.redeem(providerAt(other.issuer), stolen, elsewhere.expected), fails('invalid', /not to be trusted/));
    other.idToken = (usual) => ({ ...usual, iss: there.issuer });
    await assert.rejects(signInThere({ upstream }, providerAt(other.issuer), other), fails('invalid', /another issuer/));
    other.idToken = (usual) => usual;
    const foreign = await there.sign({ iss: other.issuer, aud: 'gatehouse' });
    other.finish = () => foreign;
    await assert.rejects(signInThere({ upstream }, providerAt(other.issuer), other), fails('invalid', /not among those of the provider/));
  });

  it('uses a code once, for the sign-in that it is of', async () => {
    const { upstream } = openUpstream();
    const provider = providerAt(there.issuer);
    const { url, expected } = await depart(upstream, provider);
    const callback = there.authorize(url);
    const wrong = { ...expected, codeVerifier: 'w'.repeat(43) };
    await assert.rejects(upstream.redeem(provider, callback, wrong), fails('refused', /invalid_grant/));
    await upstream.redeem(provider, callback, expected);
    await assert.rejects(upstream.redeem(provider, callback, expected), fails('refused', /invalid_grant/));
  });

  it('ends the session there, where that is possible', async () => {
    const { upstream } = openUpstream();
    const signOut = { idToken: 'a.b.c', returnTo: 'https://gatehouse.example.com/bye', state: 's' };
    assert.equal(await upstream.endSessionUrl(providerAt(there.issuer), signOut), undefined);
    there.discovery = { end_session_endpoint: `${there.origin}/out?theme=1` };
    const url = await openUpstream().upstream.endSessionUrl(providerAt(there.issuer), signOut);
    assert.deepEqual(Object.fromEntries(url?.searchParams ?? []), {
      theme: '1',
      client_id: 'gatehouse',
      id_token_hint: 'a.b.c',
      post_logout_redirect_uri: 'https://gatehouse.example.com/bye',
      state: 's',
    });
  });

  it('signs a secret for Apple that lives five minutes, asks for a posted form, and reads the name in it', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const secret = JSON.stringify({ team_id: 'TEAM', key_id: 'KEY', private_key: await exportPKCS8(privateKey) });
    const { upstream } = openUpstream({ secret });
    const provider = providerAt(there.issuer, { preset: 'apple' });
    const { url } = await depart(upstream, provider);
    assert.equal(url.searchParams.get('response_mode'), 'form_post');
    const user = (callback: URL) =>
      callback.searchParams.set('user', '{"name":{"firstName":"Ada","lastName":"L."},"email":"eve@example.com"}');
    const { claims } = await signInThere({ upstream }, provider, there, user);
    assert.equal(claims.name, 'Ada L.');
    assert.equal(claims.email, undefined);
    const sent = there.lastForm.get('client_secret') ?? '';
    await jwtVerify(sent, publicKey, { issuer: 'TEAM', subject: 'gatehouse', audience: there.issuer });
    const { iat = 0, exp = 0 } = decodeJwt(sent);
    assert.deepEqual({ kid: decodeProtectedHeader(sent).kid, seconds: exp - iat }, { kid: 'KEY', seconds: 300 });
    for (const odd of ['', 'x', '{}', '{"name":{"firstName":7}}']) {
      const identity = await signInThere({ upstream }, provider, there, (callback) => callback.searchParams.set('user', odd));
      assert.equal(identity.claims.name, undefined);
    }
    const broken = openUpstream({ secret: JSON.stringify({ team_id: 'TEAM', key_id: 'KEY', private_key: 'none' }) });
    await assert.rejects(depart(broken.upstream, provider), fails('invalid', /private key of the secret/));
  });
});
