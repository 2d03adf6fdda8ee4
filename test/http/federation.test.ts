import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Account } from '../../src/domain/accounts/account.ts';
import { loginKey } from '../../src/domain/accounts/account.ts';
import type { Page } from '../support/cookie-browser.ts';
import { answerOf, arrive, type Neighbours, signInBy, startNeighbours, traveller } from '../support/neighbours.ts';
import { CALLBACK } from '../support/relying-party.ts';
import { ORIGIN, PASSWORD, type TestServer } from '../support/start-server.ts';
import { startTestProvider } from '../support/test-provider.ts';

const isIn = (page: Page) => page.html.includes('value="allow"') || page.url.startsWith(CALLBACK);

describe('signing in with another provider', () => {
  let neighbours: Neighbours;
  let here: TestServer;
  let there: TestServer;
  before(async () => {
    neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' });
    ({ here, there } = neighbours);
    await neighbours.addProvider({ id: 'everybody', name: 'Neighbour', creation: 'everybody' });
    await neighbours.addProvider({ id: 'invited', name: 'Invited only' });
    await neighbours.addProvider({ id: 'trusted', name: 'Trusted', trusted_domains: ['acme.example'], creation: 'nobody' });
    await neighbours.addProvider({ id: 'domains', name: 'By domain', creation: 'domains', creation_domains: ['acme.example'] });
    await neighbours.addProvider({ id: 'home', name: 'Home', creation: 'everybody', home_domains: ['home.example'] });
    await neighbours.addProvider({
      id: 'roles',
      name: 'By role',
      creation: 'everybody',
      claims: { role: 'role' },
      role_map: { operator: ['operator'] },
    });
  });
  after(() => neighbours[Symbol.asyncDispose]());

  let made = 0;
  /** Somebody there, whose address that provider vouches for when told so. */
  async function neighbour(changes: Partial<Account> = {}): Promise<Account> {
    const account = await there.addAccount({ email: changes.email ?? `neighbour${++made}@acme.example` });
    return (await there.house.storage.accounts.update(account.tenantId, account.id, (old) => ({ ...old, ...changes }))) ?? account;
  }

  const accountOf = ({ email }: Pick<Account, 'email'>) => here.house.storage.accounts.findByLogin(loginKey(email));
  const linksOf = (account: Account) => here.house.storage.identities.list(account.tenantId, account.id);

  it('makes an account at the first time, and finds it again by issuer and subject', async () => {
    const person = await neighbour({ displayName: 'Nell Neighbour' });
    assert.ok(isIn(await signInBy(neighbours, 'everybody', person)));
    const account = await accountOf(person);
    assert.ok(account);
    assert.deepEqual(
      [account.role, account.displayName, account.passwordHash, account.emailVerified],
      ['viewer', 'Nell Neighbour', undefined, false],
    );
    const [link] = await linksOf(account);
    assert.deepEqual([link?.issuer, link?.subject], [there.issuer, person.id]);
    await there.house.storage.accounts.update(person.tenantId, person.id, (old) => ({ ...old, email: 'moved@acme.example' }));
    assert.ok(isIn(await signInBy(neighbours, 'everybody', { email: 'moved@acme.example' })));
    assert.equal((await linksOf(account)).length, 1);
    assert.equal(await accountOf({ email: 'moved@acme.example' }), undefined, 'the address there changes nothing here');
  });

  it('[security 68] an account without a password opens with none, on any surface', async () => {
    const person = await neighbour();
    await signInBy(neighbours, 'everybody', person);
    const browsers = traveller();
    const page = await browsers.here.submit(await arrive(neighbours, browsers), '/password', {
      identifier: person.email,
      password: PASSWORD,
    });
    assert.equal(page.status, 401);
    const api = await fetch(`${here.issuer}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: person.email, password: PASSWORD }),
    });
    assert.equal(api.status, 401);
  });

  it('lets in whom its rule lets in, and says why it does not', async () => {
    const stranger = await neighbour({ emailVerified: true });
    const refused = await signInBy(neighbours, 'invited', stranger);
    assert.equal(refused.status, 403);
    assert.match(refused.html, /You have no account here yet/);
    assert.equal(await accountOf(stranger), undefined);
    const invited = await here.addAccount({ email: stranger.email, password: undefined });
    assert.ok(isIn(await signInBy(neighbours, 'invited', stranger)));
    assert.equal((await linksOf(invited)).length, 1);

    const unverified = await neighbour();
    assert.equal((await signInBy(neighbours, 'domains', unverified)).status, 403);
    assert.ok(isIn(await signInBy(neighbours, 'domains', await neighbour({ emailVerified: true }))));
    assert.equal((await signInBy(neighbours, 'domains', await neighbour({ emailVerified: true, email: 'x@other.example' }))).status, 403);
  });

  it('takes the role from the provider at each sign-in, and refuses whom none fits', async () => {
    const person = await neighbour({ role: 'operator' });
    assert.ok(isIn(await signInBy(neighbours, 'roles', person)));
    assert.equal((await accountOf(person))?.role, 'operator');
    await there.house.storage.accounts.update(person.tenantId, person.id, (old) => ({ ...old, role: 'viewer' }));
    const refused = await signInBy(neighbours, 'roles', person);
    assert.deepEqual([refused.status, /You have no role here/.test(refused.html)], [403, true]);
  });

  it('[security 96] an equal address links nothing by itself, unless a trusted provider vouches for one that was verified here', async () => {
    const person = await neighbour({ emailVerified: true });
    const local = await here.addAccount({ email: person.email });
    const offered = await signInBy(neighbours, 'trusted', person);
    assert.match(offered.html, /You already have an account here/);
    assert.equal((await linksOf(local)).length, 0, 'nobody has shown yet that the address is theirs');
    await here.house.storage.accounts.update(local.tenantId, local.id, (old) => ({ ...old, emailVerified: true }));
    assert.match((await signInBy(neighbours, 'everybody', person)).html, /You already have an account here/, 'not trusted for it');
    assert.ok(isIn(await signInBy(neighbours, 'trusted', person)));
    assert.equal((await linksOf(local)).length, 1);
  });

  it('[security 97] links after a password and a yes in the same browser, once', async () => {
    const person = await neighbour();
    const local = await here.addAccount({ email: person.email });
    const browsers = traveller();
    const offered = await signInBy(neighbours, 'everybody', person, browsers);
    const asked = await browsers.here.submit(offered, '/password', { identifier: person.email, password: PASSWORD });
    assert.match(asked.html, /Link Neighbour\?/);
    assert.equal((await linksOf(local)).length, 0);
    const twice = await Promise.all([1, 2].map(() => browsers.here.submit(asked, '/link', { decision: 'link' })));
    assert.ok(twice.some(isIn));
    assert.equal((await linksOf(local)).length, 1);
    assert.ok(isIn(await signInBy(neighbours, 'everybody', person)));

    const other = await neighbour();
    await here.addAccount({ email: other.email });
    const mallory = await here.addAccount();
    const elsewhere = traveller();
    const theirs = await signInBy(neighbours, 'everybody', other, elsewhere);
    const page = await elsewhere.here.submit(theirs, '/password', { identifier: mallory.email, password: PASSWORD });
    assert.ok(isIn(page), 'somebody else signs in, and is offered nothing');
    assert.equal((await linksOf(mallory)).length, 0);
    const unlinked = (await linksOf(local))[0];
    await here.house.storage.identities.remove(local.tenantId, local.id, unlinked?.id ?? ('' as never), []);
    assert.match((await signInBy(neighbours, 'everybody', person)).html, /You already have an account here/, 'unlinked is unlinked');
  });

  it('[security 93] an answer is good for one sign-in, in the browser it began in', async () => {
    const person = await neighbour();
    const browsers = traveller();
    const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'everybody' });
    const address = await answerOf(away.url, person, browsers);
    const stranger = await traveller().here.open(address);
    assert.deepEqual([stranger.status, isIn(stranger)], [400, false]);
    const forged = new URL(address);
    forged.searchParams.set('state', 'made-up');
    assert.equal((await browsers.here.open(forged.href)).status, 400);
    forged.searchParams.delete('state');
    assert.equal((await browsers.here.open(forged.href)).status, 400);
    assert.ok(isIn(await browsers.here.open(address)));
    assert.equal((await browsers.here.open(address)).status, 400, 'once');
  });

  it('[security 94] an answer of one provider is none at the address of another', async () => {
    const person = await neighbour();
    const browsers = traveller();
    const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'everybody' });
    const address = await answerOf(away.url, person, browsers);
    assert.equal((await browsers.here.open(address.replace('/everybody/', '/domains/'))).status, 400);
    assert.ok(isIn(await browsers.here.open(address)));
  });

  it('[security 94] an answer is for the provider as it was when somebody left for it', async () => {
    await neighbours.addProvider({ id: 'moving', name: 'Moving', tenant: here.tenant.slug, creation: 'everybody' });
    const moving = await here.house.providers.resolve('moving');
    await using evil = await startTestProvider();
    for (const change of [{ issuer: evil.issuer }, { client_id: 'another' }]) {
      const [person, browsers] = [await neighbour(), traveller()];
      const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'moving' });
      const answer = await answerOf(away.url, person, browsers);
      await here.house.providers.update(moving, { ...change, client_secret: 'hush' }, ORIGIN);
      assert.equal((await browsers.here.open(answer)).status, 400, JSON.stringify(change));
      assert.equal(await accountOf(person), undefined);
      await here.house.providers.update(moving, { issuer: moving.issuer, client_id: moving.clientId, client_secret: 'hush' }, ORIGIN);
    }
    assert.deepEqual([evil.asked.discovery, evil.asked.token], [0, 0]);
  });

  it('sends whoever types an address of a home domain there, and the application can name the provider', async () => {
    const browsers = traveller();
    const page = await browsers.here.submit(await arrive(neighbours, browsers), '/password', {
      identifier: 'ada@home.example',
      password: 'x',
    });
    assert.ok(page.url.startsWith(there.issuer), page.url);
    assert.equal(new URL(page.url).searchParams.get('login_hint'), 'ada@home.example');
    const hinted = await arrive(neighbours, traveller(), { kc_idp_hint: 'everybody', ui_locales: 'de', max_age: '60' });
    const sent = new URL(hinted.url);
    assert.deepEqual([sent.origin, sent.searchParams.get('ui_locales'), sent.searchParams.get('max_age')], [there.issuer, 'de', '60']);
    const both = await arrive(neighbours, traveller(), { idp_hint: 'everybody', kc_idp_hint: 'nobody' });
    assert.ok(both.url.startsWith(there.issuer), both.url);
    assert.match((await arrive(neighbours, traveller(), { idp_hint: 'nobody', kc_idp_hint: 'everybody' })).html, /name="password"/);
  });

  it('says no to the person as the provider does, and to a provider of another tenant', async () => {
    const browsers = traveller();
    const away = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'everybody' });
    const state = new URL(away.url).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', state, iss: there.issuer });
    const page = await browsers.here.open(`${here.issuer}/federation/everybody/callback?${query}`);
    assert.match(page.html, /Neighbour ended the sign-in/);
    const other = await here.house.tenants.create({ slug: 'other', name: 'Other' }, ORIGIN);
    await neighbours.addProvider({ id: 'theirs', tenant: other.slug, name: 'Theirs' });
    const shown = await arrive(neighbours, browsers);
    assert.doesNotMatch(shown.html, /Theirs/);
    assert.match((await browsers.here.submit(shown, '/upstream', { provider: 'theirs' })).html, /name="password"/);
  });
});

describe('the second factor after another provider', () => {
  it('[security 86] is asked for here, unless its word is trusted and it had one', async () => {
    await using neighbours = await startNeighbours({ GATEHOUSE_MFA__REQUIRED_ROLES: '["viewer"]' });
    const { there } = neighbours;
    await neighbours.addProvider({ id: 'asks', creation: 'everybody' });
    await neighbours.addProvider({ id: 'trusts', creation: 'everybody', second_factor: 'trust' });
    const person = await there.addAccount();
    assert.match((await signInBy(neighbours, 'asks', person)).html, /totp-enrol|authenticator app/i);
    assert.match((await signInBy(neighbours, 'trusts', person)).html, /totp-enrol|authenticator app/i, 'there was one factor there');
  });
});

describe('a provider that does not answer', () => {
  it('is said so on the page; the password goes on working', async () => {
    await using neighbours = await startNeighbours();
    await neighbours.addProvider({ id: 'gone', name: 'Orbital', issuer: 'http://localhost:9' });
    const person = await neighbours.here.addAccount();
    const browsers = traveller();
    const page = await browsers.here.submit(await arrive(neighbours, browsers), '/upstream', { provider: 'gone' });
    assert.deepEqual([page.status, /Orbital isn’t answering/.test(page.html)], [502, true]);
    assert.ok(isIn(await browsers.here.submit(page, '/password', { identifier: person.email, password: PASSWORD })));
    const [entry] = await neighbours.here.house.storage.audit.list({ type: 'federation.failed', limit: 1 });
    assert.deepEqual([entry?.detail.provider, entry?.detail.kind], ['gone', 'unavailable']);
  });
});
