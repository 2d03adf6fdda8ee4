import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formsOf, type Page } from '../support/cookie-browser.ts';
import { arrive, type Neighbours, signInBy, startNeighbours, traveller } from '../support/neighbours.ts';
import { protocolClient } from '../support/protocol-client.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { startTestProvider } from '../support/test-provider.ts';

const isIn = (page: Page) => page.html.includes('value="allow"') || page.url.startsWith(CALLBACK);

describe('the sign-in page beside other providers', () => {
  let neighbours: Neighbours;
  let issuer: string;
  before(async () => {
    neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    ({ issuer } = neighbours.here);
    await neighbours.addProvider({ id: 'first', name: 'Neighbour', creation: 'everybody' });
    await neighbours.addProvider({ id: 'home', name: 'Home', creation: 'everybody', home_domains: ['home.example'] });
  });
  after(() => neighbours[Symbol.asyncDispose]());

  let made = 0;
  const neighbour = () => neighbours.there.addAccount({ email: `guest${++made}@acme.example` });

  it('puts the provider of a hinted address first and says so; nobody is sent there who does not press', async () => {
    const browsers = traveller();
    const page = await arrive(neighbours, browsers, { login_hint: 'Ada@Home.example' });
    assert.match(page.html, /<strong>Ada@Home.example<\/strong> signs in with Home/);
    const [first, second] = formsOf(page).map(({ action }) => action.split('/').at(-1));
    assert.deepEqual([first, second, page.html.match(/value="home"/g)?.length], ['upstream', 'password', 1]);
    assert.doesNotMatch(page.html, /autofocus/);
    const away = new URL((await browsers.here.submit(page, '/upstream', { provider: 'home' })).url);
    assert.deepEqual([away.origin, away.searchParams.get('login_hint')], [neighbours.there.issuer, 'Ada@Home.example']);
    assert.doesNotMatch((await arrive(neighbours, traveller(), { login_hint: 'ada@acme.example' })).html, /signs in with/);
  });

  it('sends nobody who is signed in to the provider an application names, of whatever tenant that is, but puts it first', async () => {
    const { here, client } = neighbours;
    await neighbours.addProvider({ id: 'hinted', name: 'Hinted' });
    const rival = await here.house.tenants.create({ slug: 'rival', name: 'Rival' }, ORIGIN);
    const metadata = { client_name: 'Rival app', redirect_uris: [CALLBACK], scope: '' };
    const issued = await here.house.clients.create({ tenantId: rival.id, type: 'web', metadata }, ORIGIN);
    const theirs = { ...neighbours, client: await protocolClient(here, issued) };
    const [local, browsers] = [await here.addAccount(), traveller()];
    await browsers.here.submit(await arrive(neighbours, browsers), '/password', { identifier: local.email, password: PASSWORD });
    for (const { name, page } of [
      { name: 'of another tenant', page: await arrive(theirs, browsers, { idp_hint: 'hinted' }) },
      { name: 'again', page: await arrive(neighbours, browsers, { idp_hint: 'hinted', prompt: 'login' }) },
    ]) {
      assert.ok(page.url.startsWith(issuer), `${name}: ${page.url}`);
      assert.equal(/name="provider" value="(\w+)"/.exec(page.html)?.[1], 'hinted', name);
    }
    const silent = new URL((await client.request(browsers.here, { scope: 'openid', prompt: 'none' })).url);
    assert.notEqual(silent.searchParams.get('error'), 'login_required', 'they are signed in as before');
    assert.ok((await arrive(theirs, traveller(), { idp_hint: 'hinted' })).url.startsWith(neighbours.there.issuer), 'nobody is');
  });

  it('takes an address of a home domain without a password, and asks any other for one', async () => {
    const browsers = traveller();
    const page = await arrive(neighbours, browsers);
    const input = /<input id="password"[^>]*>/.exec(page.html)?.[0] ?? '';
    assert.match(input, /aria-describedby="password-help"/);
    assert.doesNotMatch(input, /required/);
    const asked = await browsers.here.submit(page, '/password', { identifier: 'ada@acme.example', password: '' });
    assert.deepEqual([asked.status, /Your password is missing/.test(asked.html)], [400, true]);
    assert.match(asked.html, /value="ada@acme\.example"/);
    assert.match(asked.html, /<input id="password"[^>]* autofocus aria-describedby="password-help problem"/);
    const away = await browsers.here.submit(asked, '/password', { identifier: 'ada@home.example', password: '' });
    assert.ok(away.url.startsWith(neighbours.there.issuer), away.url);
  });

  it('says what went wrong at an address of its own, once, in no words but ours', async () => {
    const browsers = traveller();
    const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'first' });
    const state = new URL(away.url).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', error_description: 'Call 0900', state, iss: neighbours.there.issuer });
    const page = await browsers.here.open(`${issuer}/federation/first/callback?${query}`);
    assert.match(new URL(page.url).pathname, /^\/interaction\/[^/]+$/);
    assert.match(page.html, /Neighbour ended the sign-in/);
    assert.doesNotMatch(page.html, /0900/);
    const again = await browsers.here.open(`${page.url}?problem=Call+0900`);
    assert.deepEqual([again.status, /role="alert"|0900/.test(again.html), /name="password"/.test(again.html)], [200, false, true]);

    const { pathname } = new URL(page.url);
    for (const value of ['Call-0900', 'v1.AAAA', Buffer.from('{"problem":{"what":"Call 0900","next":""}}').toString('base64url')]) {
      browsers.here.cookies.set(`gatehouse_notice|${pathname}`, { value, path: pathname });
      const forged = await browsers.here.open(page.url);
      assert.deepEqual([forged.status, /role="alert"/.test(forged.html)], [200, false]);
    }
    const used = await browsers.here.open(`${page.url}/upstream/first?${query}`);
    assert.deepEqual([used.status, used.url, /That answer was used already/.test(used.html)], [400, page.url, true]);
  });

  it('offers a link at an address of its own, and says when it came to nothing', async () => {
    const person = await neighbour();
    const local = await neighbours.here.addAccount({ email: person.email });
    const offer = async () => {
      const browsers = traveller();
      const offered = await signInBy(neighbours, 'first', person, browsers);
      assert.match(new URL(offered.url).pathname, /^\/interaction\/[^/]+$/);
      assert.match(offered.html, /You already have an account here/);
      assert.doesNotMatch(offered.html, /password-help/, 'here the password is what is asked for');
      const page = await browsers.here.submit(offered, '/password', { identifier: person.email, password: PASSWORD });
      assert.match(page.html, /Link Neighbour\?/);
      return { browser: browsers.here, page };
    };
    const [one, other] = [await offer(), await offer()];
    assert.ok(isIn(await one.browser.submit(one.page, '/link', { decision: 'link' })));
    const said = await other.browser.submit(other.page, '/link', { decision: 'link' });
    assert.match(said.html, /Your accounts were not linked/);
    assert.equal((await neighbours.here.house.storage.identities.list(local.tenantId, local.id)).length, 1);
    assert.ok(isIn(await other.browser.submit(said, '/link', { decision: 'skip' })), 'they are signed in all the same');
  });

  it('[security 15] believes no sign-in there to be fresh that does not say so, whatever the address of the answer asks for', async () => {
    await using lazy = await startTestProvider();
    await neighbours.addProvider({ id: 'lazy', name: 'Lazy', issuer: lazy.issuer, creation: 'everybody' });
    const signIn = async (auth_time: number | undefined, parameters: Readonly<Record<string, string>> = { max_age: '60' }) => {
      lazy.idToken = (usual) => ({ ...usual, email: 'ada@lazy.example', auth_time });
      const browsers = traveller();
      const away = await arrive(neighbours, browsers, { idp_hint: 'lazy', ...parameters });
      const back = lazy.authorize(new URL(away.url));
      back.searchParams.set('max_age', '99999');
      return await browsers.here.open(back.href);
    };
    const now = Math.floor(Date.now() / 1000);
    for (const refused of [await signIn(undefined), await signIn(now - 180), await signIn(now - 180, { prompt: 'login' })])
      assert.deepEqual([refused.status, /Lazy didn’t ask you again/.test(refused.html)], [401, true]);
    for (const taken of [await signIn(now), await signIn(undefined, { prompt: 'login' }), await signIn(now - 180, {})])
      assert.ok(isIn(taken));
  });

  it('goes on when the provider was disabled while its link was on offer', async () => {
    const person = await neighbour();
    await neighbours.here.addAccount({ email: person.email });
    await neighbours.addProvider({ id: 'fleeting', name: 'Fleeting', creation: 'everybody' });
    const browsers = traveller();
    const { here } = browsers;
    const offered = await signInBy(neighbours, 'fleeting', person, browsers);
    const asked = await here.submit(offered, '/password', { identifier: person.email, password: PASSWORD });
    const { providers } = neighbours.here.house;
    await providers.update(await providers.resolve('fleeting'), { enabled: false }, ORIGIN);
    const said = await here.submit(asked, '/link', { decision: 'link' });
    assert.match(said.html, /Your accounts were not linked/);
    assert.ok(isIn(await here.open(said.url)), 'also when the page is loaded again');
  });
});
