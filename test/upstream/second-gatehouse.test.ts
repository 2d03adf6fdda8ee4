import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { mapClaims } from '../../src/domain/federation/claims-mapping.ts';
import type { UpstreamProvider } from '../../src/domain/federation/upstream-provider.ts';
import { CookieBrowser } from '../support/cookie-browser.ts';
import { signIn } from '../support/relying-party.ts';
import { PASSWORD, startServer, type TestServer } from '../support/start-server.ts';
import { depart, fails, openUpstream, providerAt, REDIRECT } from '../support/upstream-sign-in.ts';

describe('another Gatehouse as the provider', () => {
  let there: TestServer;

  before(async () => {
    there = await startServer();
  });

  after(() => there[Symbol.asyncDispose]());

  const providerOf = ({ client }: IssuedClient, changes: Partial<UpstreamProvider> = {}) =>
    providerAt(there.issuer, { clientId: client.id, ...changes });

  it('says who signed in, with PKCE and the issuer of the answer', async () => {
    const account = await there.addAccount();
    const issued = await there.addClient('web', { redirect_uris: [REDIRECT] });
    const provider = providerOf(issued);
    const { upstream } = openUpstream({ secret: issued.secret ?? '' });
    assert.deepEqual(
      (await upstream.test(provider)).filter(({ fine }) => !fine),
      [],
    );
    const { url, expected } = await depart(upstream, provider);
    const { url: back } = await signIn(new CookieBrowser(), url.href, { identifier: account.email });
    assert.equal(new URL(back).searchParams.get('iss'), there.issuer);
    const identity = await upstream.redeem(provider, new URL(back), expected);
    assert.deepEqual([identity.issuer, identity.subject], [there.issuer, account.id]);
    assert.equal(mapClaims(identity.claims, provider.claims, provider.roles).email, account.email);
    assert.deepEqual(identity.amr, ['pwd']);
    const signOut = { idToken: identity.idToken ?? '', returnTo: 'https://gatehouse.example.com/bye', state: 's' };
    const out = await upstream.endSessionUrl(provider, signOut);
    assert.equal(out?.searchParams.get('id_token_hint'), identity.idToken);
    await assert.rejects(upstream.redeem(provider, new URL(back), expected), fails('refused', /invalid_grant/));
  });

  it('takes our key for a secret', async () => {
    const account = await there.addAccount();
    await using ours = await startServer();
    const published = await fetch(`${ours.issuer}/oauth/jwks`);
    const issued = await there.addClient('web', {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: await published.json(),
    });
    const provider = providerOf(issued, { authentication: 'private_key_jwt' });
    const { upstream } = openUpstream({ keys: ours.house.keys });
    const { url, expected } = await depart(upstream, provider);
    const { url: back } = await signIn(new CookieBrowser(), url.href, { identifier: account.email });
    assert.equal((await upstream.redeem(provider, new URL(back), expected)).subject, account.id);
  });

  it('tells of a wrong secret and of a person who says no', async () => {
    const account = await there.addAccount();
    const issued = await there.addClient('web', { redirect_uris: [REDIRECT] });
    const provider = providerOf(issued);
    const { upstream } = openUpstream({ secret: 'wrong' });
    const away = await depart(upstream, provider);
    const { url: returned } = await signIn(new CookieBrowser(), away.url.href, { identifier: account.email });
    await assert.rejects(upstream.redeem(provider, new URL(returned), away.expected), fails('invalid', /invalid_client|401/));
    const client = (await upstream.test(provider)).find(({ what }) => what === 'client');
    assert.deepEqual([client?.fine, /client_secret/.test(client?.message ?? '')], [false, true]);
    const right = openUpstream({ secret: issued.secret ?? '' }).upstream;
    const { url, expected } = await depart(right, provider);
    const { email: identifier } = await there.addAccount();
    const browser = new CookieBrowser();
    const login = await browser.open(url.href);
    const consent = await browser.submit(login, '/password', { identifier, password: PASSWORD });
    const page = await browser.submit(consent, '/consent', { decision: 'deny' });
    await assert.rejects(right.redeem(provider, new URL(page.url), expected), fails('refused', /access_denied/));
  });
});
