import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { clientId } from '../../src/domain/clients/client.ts';
import { CookieBrowser, type Page } from '../support/cookie-browser.ts';
import { answerOf, type Neighbours, signInBy, startNeighbours, type Traveller, traveller } from '../support/neighbours.ts';
import { get, post } from '../support/protocol-client.ts';
import { CALLBACK, signIn } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, type TestServer } from '../support/start-server.ts';

const CLIENT = 'gatehouse:account:';
const MINUTE = 60;

describe('ways to sign in', () => {
  let neighbours: Neighbours;
  let here: TestServer;
  let there: TestServer;
  let ways: string;
  before(async () => {
    neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    ({ here, there } = neighbours);
    ways = `${here.issuer}/account/${here.tenant.slug}/sign-in`;
    await neighbours.addProvider({ id: 'neighbour', name: 'Neighbour', creation: 'everybody' });
    await neighbours.addProvider({ id: 'other', name: 'Other' });
  });
  after(() => neighbours[Symbol.asyncDispose]());

  const linksOf = ({ tenantId, id }: Account) => here.house.storage.identities.list(tenantId, id);
  const signedIn = (browsers: Traveller, { email }: Account) => signIn(browsers.here, ways, { identifier: email });

  /** As far as the provider's answer, which has not been brought back yet. */
  async function leave(page: Page, person: Account, browsers: Traveller, provider = 'neighbour'): Promise<string> {
    const away = await browsers.here.submit(page, '/link', { provider });
    assert.equal(new URL(away.url).origin, there.issuer, away.html);
    return await answerOf(away.url, person, browsers);
  }

  /** Somebody here and somebody there, at the page that asks whether they are one. */
  async function asked() {
    const [local, person, browsers] = [await here.addAccount(), await there.addAccount(), traveller()];
    const answer = await leave(await signedIn(browsers, local), person, browsers);
    return { local, person, browsers, answer, page: await browsers.here.open(answer) };
  }

  it('has whoever comes sign in, as an application would, which gets nothing but the browser back', async () => {
    const local = await here.addAccount();
    const browser = new CookieBrowser();
    const login = await browser.open(`${here.issuer}/account/sign-in`);
    assert.match(login.html, /to continue to <strong>Your account/);
    const page = await browser.submit(login, '/password', { identifier: local.email, password: PASSWORD });
    assert.equal(page.status, 200);
    assert.equal(page.url, ways, 'no code, no token, no question');
    for (const seen of ['Ways to sign in', `${local.email.split('@')[0]}@`, 'Link Neighbour', 'Link Other'])
      assert.ok(page.html.includes(seen), seen);
    assert.doesNotMatch(page.html, /Sign in again/);
    assert.equal((await browser.open(ways)).status, 200, 'and stays signed in');
    const query = {
      client_id: `${CLIENT}${here.tenant.slug}`,
      response_type: 'none',
      scope: 'openid',
      redirect_uri: ways,
      prompt: 'consent',
    };
    assert.equal(
      (await browser.open(`${here.issuer}/oauth/authorize?${new URLSearchParams(query)}`)).url,
      ways,
      'there is nothing to allow',
    );
    const handedOver = await browser.open(
      `${here.issuer}/oauth/authorize?${new URLSearchParams({ ...query, response_mode: 'form_post' })}`,
    );
    const back = await browser.submit(handedOver, '/sign-in');
    assert.deepEqual([back.status, back.url], [200, ways]);

    const elsewhere = await here.house.tenants.create({ slug: 'elsewhere', name: 'Elsewhere' }, ORIGIN);
    const theirs = `${here.issuer}/account/${elsewhere.slug}/sign-in`;
    assert.match((await browser.open(theirs)).html, /name="password"/, 'of another tenant');
    await here.house.tenants.update(elsewhere, { disabled: true }, ORIGIN);
    assert.equal((await browser.open(theirs)).status, 404);
    assert.equal((await browser.open(`${here.issuer}/account/nowhere/sign-in`)).status, 404);
    await browser.submit(await browser.open(`${here.issuer}/oauth/logout`), '/confirm', { logout: 'yes' });
    assert.match((await browser.open(ways)).html, /name="password"/, 'signed out');
  });

  it('is a client that can do nothing, be nobody and be found nowhere', async () => {
    const id = `${CLIENT}${here.tenant.slug}`;
    const authorize = async (parameters: Record<string, string>) => {
      const query = new URLSearchParams({ client_id: id, response_type: 'none', scope: 'openid', redirect_uri: ways, ...parameters });
      return (await get(`${here.issuer}/oauth/authorize?${query}`)).headers.get('location') ?? '';
    };
    assert.match(await authorize({}), /\/interaction\//);
    for (const [parameters, error] of [
      [{ response_type: 'code' }, 'invalid_request'],
      [{ scope: 'openid email' }, 'invalid_scope'],
      [{ redirect_uri: 'https://evil.example/' }, undefined],
    ] as const)
      assert.equal(URL.parse(await authorize(parameters))?.searchParams.get('error') ?? undefined, error, JSON.stringify(parameters));
    for (const secret of ['', 'x', 'digests-only'])
      for (const fields of [{ grant_type: 'client_credentials' }, { grant_type: 'refresh_token', refresh_token: 'x' }]) {
        const answer = await post(`${here.issuer}/oauth/token`, { client_id: id, client_secret: secret, ...fields });
        assert.equal(answer.json.error, 'invalid_client');
      }
    await assert.rejects(here.house.clients.resolve(id), { code: 'not_found' });
    const metadata = { client_name: 'x', redirect_uris: [CALLBACK] };
    const taken = here.house.clients.create({ id: clientId(id), tenantId: here.tenant.id, type: 'web', metadata }, ORIGIN);
    await assert.rejects(taken, { code: 'already_exists' });
  });

  it('[security 97] links after a fresh sign-in and a yes, once, and unlinks', async () => {
    const { local, person, browsers, answer, page } = await asked();
    for (const seen of ['Link Neighbour?', person.email, `${local.email.split('@')[0]}@`]) assert.ok(page.html.includes(seen), seen);
    assert.deepEqual(await linksOf(local), [], 'a sign-in there is no yes');
    const twice = await Promise.all([1, 2].map(() => browsers.here.submit(page, '/confirm', { decision: 'link' })));
    assert.ok(twice.some(({ html }) => html.includes('Neighbour is linked.')));
    const [link] = await linksOf(local);
    assert.deepEqual([(await linksOf(local)).length, link?.subject, link?.issuer], [1, person.id, there.issuer]);
    assert.match((await browsers.here.submit(page, '/confirm', { decision: 'link' })).html, /can’t be linked here any more/);
    assert.match((await browsers.here.open(answer)).html, /can’t|lost track/, '[security 93] the answer is used');
    const [entry] = await here.house.storage.audit.list({ type: 'federation.linked', limit: 1 });
    assert.deepEqual([entry?.accountId, entry?.detail.provider], [local.id, 'neighbour']);

    assert.ok((await signInBy(neighbours, 'neighbour', person)).html.includes('value="allow"'), 'it signs in');
    const shown = await browsers.here.open(ways);
    assert.match(shown.html, /Unlink Neighbour…/);
    assert.doesNotMatch(shown.html, /Link Neighbour/);
    const gone = await browsers.here.submit(shown, '/unlink', { identity: link?.id ?? '' });
    assert.match(gone.html, /Neighbour is unlinked\./);
    assert.doesNotMatch((await browsers.here.open(ways)).html, /is unlinked/, 'said once');
    assert.equal((await browsers.here.submit(shown, '/unlink', { identity: link?.id ?? '' })).status, 404);
    assert.deepEqual(await linksOf(local), []);
    assert.equal((await here.house.storage.accounts.find(local.tenantId, local.id))?.credentialVersion, local.credentialVersion);
  });

  it('links nothing on a no, nor what somebody here has already', async () => {
    const { local, person, browsers, page } = await asked();
    await browsers.here.submit(page, '/confirm', { decision: 'skip' });
    assert.match((await browsers.here.submit(page, '/confirm', { decision: 'link' })).html, /can’t be linked here any more/);
    assert.deepEqual(await linksOf(local), []);

    const first = await asked();
    const late = await browsers.here.open(await leave(await browsers.here.open(ways), person, browsers));
    await here.house.storage.identities.create({
      ...{ id: crypto.randomUUID() as never, tenantId: here.tenant.id, accountId: first.local.id, providerId: 'neighbour' as never },
      ...{ issuer: there.issuer, subject: person.id, label: 'x', linkedAt: new Date(), lastSignInAt: undefined },
    });
    assert.match((await browsers.here.submit(late, '/confirm', { decision: 'link' })).html, /can’t be linked here any more/);
    const taken = await browsers.here.open(await leave(await browsers.here.open(ways), person, browsers));
    assert.deepEqual([taken.status, /belongs to another account/.test(taken.html)], [409, true]);
    assert.doesNotMatch(taken.html, new RegExp(`${first.local.email.split('@')[0]}@`), 'nobody learns whose');
    assert.deepEqual(await linksOf(local), []);
    // With the owner signed in, it is theirs already.
    const own = await first.browsers.here.open(await leave(await first.browsers.here.open(ways), first.person, first.browsers, 'other'));
    assert.match(own.html, /Link Other\?/);
  });

  it('[security 93] [security 94] takes an answer in the browser, for the account and from the provider it was asked of', async () => {
    const [local, mallory, person, browsers] = [await here.addAccount(), await here.addAccount(), await there.addAccount(), traveller()];
    const page = await signedIn(browsers, local);
    const answer = await leave(page, person, browsers);
    const refused = async (browser: CookieBrowser, address: string, why: string) => {
      const { status, html } = await browser.open(address);
      assert.ok(status >= 400 && /can’t be linked here any more|lost track/.test(html), `${why}: ${status} ${html}`);
    };
    await refused(new CookieBrowser(), answer, 'nobody is signed in');
    const others = traveller();
    await signedIn(others, local);
    await refused(others.here, answer, 'the same person in another browser');
    await signedIn(others, mallory);
    await refused(others.here, answer, 'somebody else in another browser');
    await refused(browsers.here, answer.replace('/neighbour/', '/other/'), 'another provider');
    await refused(browsers.here, answer.replace(/state=[^&]+/, 'state=x'), 'made up');
    assert.deepEqual(await linksOf(local), []);
    assert.match((await browsers.here.open(answer)).html, /Link Neighbour\?/, 'none of that used it up');

    const switched = await asked();
    await switched.browsers.here.submit(await switched.browsers.here.open(`${here.issuer}/oauth/logout`), '/confirm', { logout: 'yes' });
    await signedIn(switched.browsers, mallory);
    await refused(switched.browsers.here, `${ways}/confirm`, 'somebody else has signed in since');
    const forged = await switched.browsers.here.submit(switched.page, '/confirm', { decision: 'link' });
    assert.equal(forged.status, 403, '[security 69] the form was for whoever was there before');
    assert.deepEqual([await linksOf(mallory), await linksOf(switched.local)], [[], []]);
  });

  it('changes nothing without a form of its own and a sign-in of the last ten minutes, by password where there is one', async () => {
    const { local, person, browsers, page } = await asked();
    for (const action of ['link', 'confirm', 'unlink']) {
      const fields = { provider: 'neighbour', decision: 'link', identity: 'x', _csrf: 'x' };
      const forged = await browsers.here.open(`${ways}/${action}`, { method: 'POST', body: new URLSearchParams(fields) });
      assert.equal(forged.status, 403, `[security 69] ${action}`);
    }
    const shown = await browsers.here.submit(page, '/confirm', { decision: 'link' });
    const late = await browsers.here.open(
      await leave(shown, await there.addAccount(), { ...browsers, there: new CookieBrowser() }, 'other'),
    );
    assert.match(late.html, /Link Other\?/);
    here.clock.advance(11 * MINUTE);
    const stale = await browsers.here.open(ways);
    assert.match(stale.html, /once more with your password/);
    assert.doesNotMatch(stale.html, /Link Other|Unlink/);
    const [{ id: identity } = { id: '' }] = await linksOf(local);
    for (const [action, fields] of [
      ['/link', { provider: 'other' }],
      ['/unlink', { identity }],
    ] as const) {
      const refused = await browsers.here.submit(shown, action, fields);
      assert.deepEqual([refused.status, /too long ago/.test(refused.html)], [403, true]);
    }
    assert.match((await browsers.here.submit(late, '/confirm', { decision: 'link' })).html, /too long ago/);
    here.clock.advance(-11 * MINUTE);
    assert.equal((await linksOf(local)).length, 1);
    const again = /href="(\/oauth\/authorize[^"]+)"/.exec(stale.html)?.[1]?.replaceAll('&amp;', '&');
    const login = await browsers.here.open(`${here.issuer}${again}`);
    assert.match(login.html, /Sign in again/);
    assert.match((await browsers.here.submit(login, '/password', { identifier: local.email, password: PASSWORD })).html, /Link Other/);

    const federated = traveller();
    const away = await federated.here.submit(await federated.here.open(ways), '/upstream', { provider: 'neighbour' });
    const byProvider = await federated.here.open(await answerOf(away.url, person, federated));
    assert.match(byProvider.html, /once more with your password/, 'who comes from elsewhere alone opens no further doors');
  });

  it('takes a yes to what was asked alone, though another tab asked something else since', async () => {
    const { local, person, browsers, page } = await asked();
    const second = await there.addAccount();
    const later = await leave(await browsers.here.open(ways), second, { ...browsers, there: new CookieBrowser() }, 'other');
    const newer = await browsers.here.open(later);
    for (const seen of ['Link Other?', second.email]) assert.ok(newer.html.includes(seen), seen);
    assert.match((await browsers.here.submit(page, '/confirm', { decision: 'link' })).html, /can’t be linked here any more/);
    assert.deepEqual(await linksOf(local), [], `neither ${person.email} nor the other`);
    await browsers.here.submit(page, '/confirm', { decision: 'skip' });
    assert.match((await browsers.here.submit(newer, '/confirm', { decision: 'link' })).html, /Other is linked/, 'whose offer stayed');
    assert.deepEqual(
      (await linksOf(local)).map(({ subject }) => subject),
      [second.id],
    );
  });

  it('takes no yes of a sign-in that is too old by then, though the offer is not', async () => {
    const [local, person, browsers] = [await here.addAccount(), await there.addAccount(), traveller()];
    const page = await signedIn(browsers, local);
    here.clock.advance(5 * MINUTE);
    const offer = await browsers.here.open(await leave(page, person, browsers));
    here.clock.advance(6 * MINUTE);
    const shown = await browsers.here.open(`${ways}/confirm`);
    const said = await browsers.here.submit(offer, '/confirm', { decision: 'link' });
    here.clock.advance(-11 * MINUTE);
    for (const { status, html } of [shown, said]) assert.deepEqual([status, /too long ago/.test(html)], [403, true]);
    assert.deepEqual(await linksOf(local), []);
  });

  it('counts a sign-in at the provider that a home domain leads to for the password', async () => {
    await neighbours.addProvider({ id: 'home', name: 'Home', home_domains: ['home.example'] });
    const person = await there.addAccount({ email: 'ada@home.example' });
    const local = await here.addAccount({ email: person.email, username: 'ada' });
    const browsers = traveller();
    const shown = await signIn(browsers.here, ways, { identifier: 'ada' });
    const asked = await browsers.here.open(await leave(shown, person, browsers, 'home'));
    await browsers.here.submit(asked, '/confirm', { decision: 'link' });
    const again = traveller();
    const away = await again.here.submit(await again.here.open(ways), '/password', { identifier: local.email, password: '' });
    const page = await again.here.open(await answerOf(away.url, person, again));
    assert.match(page.html, /Unlink Home…/);
  });

  it('leaves an account its last way in', async () => {
    const person = await there.addAccount({ email: 'nell@neighbour.example' });
    const browsers = traveller();
    const away = await browsers.here.submit(await browsers.here.open(ways), '/upstream', { provider: 'neighbour' });
    const page = await browsers.here.open(await answerOf(away.url, person, browsers));
    assert.match(page.html, /You have none/, 'no password');
    const identity = /name="identity" value="([^"]+)"/.exec(page.html)?.[1] ?? '';
    const kept = await browsers.here.submit(page, '/unlink', { identity });
    assert.deepEqual([kept.status, /This is your only way in/.test(kept.html)], [409, true]);
    const other = await asked();
    const shown = await other.browsers.here.submit(other.page, '/confirm', { decision: 'link' });
    assert.equal((await other.browsers.here.submit(shown, '/unlink', { identity })).status, 404, 'nor does anybody else take it');
  });

  it('sends no super-administrator to a provider of one tenant', async () => {
    await neighbours.addProvider({ id: 'of-tenant', name: 'Orbital', tenant: here.tenant.slug });
    const [first, browsers] = [await here.addAccount({ role: 'admin', superAdministrator: true }), traveller()];
    const page = await signedIn(browsers, first);
    const barred = await browsers.here.submit(page, '/link', { provider: 'of-tenant' });
    assert.deepEqual([barred.status, /Orbital can’t be linked to your account/.test(barred.html)], [403, true]);
    const [entry] = await here.house.storage.audit.list({ type: 'federation.refused', limit: 1 });
    assert.deepEqual([entry?.accountId, entry?.detail], [first.id, { provider: 'of-tenant', reason: 'not_allowed' }]);
    await leave(page, await there.addAccount(), browsers);
  });

  it('says what a provider did wrong', async () => {
    await neighbours.addProvider({ id: 'gone', name: 'Orbital', issuer: 'http://localhost:9' });
    const [local, browsers] = [await here.addAccount(), traveller()];
    const page = await signedIn(browsers, local);
    const down = await browsers.here.submit(page, '/link', { provider: 'gone' });
    assert.deepEqual([down.status, /Orbital isn’t answering/.test(down.html)], [502, true]);
    assert.match((await browsers.here.submit(page, '/link', { provider: 'nobody' })).html, /can’t be linked/);
    const away = await browsers.here.submit(page, '/link', { provider: 'neighbour' });
    const state = new URL(away.url).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', state, iss: there.issuer });
    const refused = await browsers.here.open(`${here.issuer}/federation/neighbour/callback?${query}`);
    assert.deepEqual([refused.status, /Neighbour ended the sign-in/.test(refused.html)], [401, true]);
    const nobody = await new CookieBrowser().open(`${ways}?${new URLSearchParams({ error: 'access_denied', iss: here.issuer })}`);
    assert.deepEqual([nobody.status, /Nobody is signed in/.test(nobody.html)], [401, true]);
  });
});
