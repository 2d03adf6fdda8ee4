import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { Application } from '../support/callback-server.ts';
import { ORIGIN, PASSWORD } from '../support/start-server.ts';
import { startTestProvider } from '../support/test-provider.ts';
import { useNeighbourStage } from './neighbour-stage.ts';
import { alertOf, allow, arrive, codeOf, focused, giveCode, givePassword, press, seePage, textOf } from './steps.ts';

const KEY = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

describe('signing in with another provider, as a person sees it', () => {
  const street = useNeighbourStage();
  const { stage, signInThere, allowThere } = street;
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
    await street.neighbours.addProvider({ id: 'neighbour', name: 'Neighbour', creation: 'everybody' });
    await street.neighbours.addProvider({ id: 'invited', name: 'Invited only' });
    await street.neighbours.addProvider({ id: 'home', name: 'Home', creation: 'everybody', home_domains: ['home.example'] });
  });

  /** Somebody whom the neighbour knows, with an address it vouches for. */
  async function neighbour(email: string): Promise<Account> {
    const { there } = street.neighbours;
    const { tenantId, id } = await there.addAccount({ email });
    const account = await there.house.storage.accounts.update(tenantId, id, (old) => ({ ...old, emailVerified: true }));
    assert.ok(account);
    return account;
  }

  /** Away by the button of that name, and signed in there for the first time. */
  async function comeBackFrom(provider: string, page: Page, person: Account): Promise<void> {
    await page.goto(application.signInUrl());
    await press(page, provider);
    await signInThere(page, person);
    await allowThere(page);
    await page.waitForURL((url) => url.origin === stage.server.issuer);
  }

  const buttonsOf = (page: Page) => page.getByRole('main').getByRole('button').allInnerTexts();

  it('an address of a home domain is enough, by keyboard alone', async () => {
    const person = await neighbour('ada@home.example');
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    assert.equal(await focused(page), 'Username or e-mail');
    assert.match(await textOf(page.getByRole('main')), /Leave it empty if your organisation signs you in elsewhere\./);
    await page.keyboard.type(person.email);
    await page.keyboard.press('Enter');

    await page.waitForURL((url) => url.origin === street.neighbours.there.issuer);
    assert.equal(await page.getByLabel('Username or e-mail').inputValue(), person.email, 'not to be typed again');
    assert.equal(await focused(page), 'Password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    for (const app of ['Here', application.name]) {
      await seePage(page, `${app} wants to use your account`);
      do await page.keyboard.press('Tab');
      while ((await focused(page)) !== 'Allow');
      await page.keyboard.press('Enter');
    }
    assert.equal((await arrive(page, application)).sub, (await stage.server.house.accounts.resolve(person.email)).id);
  });

  it('who is not let in reads why, once, beside the other ways; a reload repeats nothing, and the password works', async () => {
    const stranger = await neighbour('sven@neighbour.example');
    const local = await stage.server.addAccount();
    const page = await stage.newPage();
    await comeBackFrom('Invited only', page, stranger);
    assert.equal(
      await alertOf(page),
      'You have no account here yet. Invited only knows you, but an administrator has to invite you first.',
    );
    assert.match(new URL(page.url()).pathname, /^\/interaction\/[^/]+$/);
    assert.equal(new URL(page.url()).search, '', 'nothing of the answer stays in the address');
    assert.deepEqual(await buttonsOf(page), ['Show', 'Sign in', 'Neighbour', 'Invited only', 'Home']);

    await page.reload();
    await seePage(page, 'Sign in');
    assert.equal(await page.getByRole('alert').count(), 0);
    assert.equal((await stage.server.house.storage.audit.list({ type: 'federation.refused', limit: 9 })).length, 1);
    await givePassword(page, local.email);
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, local.id);
  });

  it('who owes a code is asked for it after coming back', async () => {
    const person = await neighbour('tova@neighbour.example');
    const local = await stage.server.addAccount({ email: person.email, password: undefined });
    await stage.server.house.mfa.enrol(local, KEY, await codeOf(KEY, stage.server), ORIGIN);
    stage.server.clock.advance(30);
    const page = await stage.newPage();
    await comeBackFrom('Invited only', page, person);
    await seePage(page, 'Enter your code');
    await page.reload();
    await seePage(page, 'Enter your code');
    await giveCode(page, '000000');
    await page.getByRole('alert').waitFor();
    await giveCode(page, await codeOf(KEY, stage.server));
    await allow(page, application);
    const { sub, acr, amr } = await arrive(page, application);
    assert.deepEqual([sub, acr, amr], [local.id, 'aal2', ['fed', 'otp', 'mfa']]);
  });

  it('without JavaScript: an equal address leads to the password here, a question, and in; the next time straight in', async () => {
    const person = await neighbour('olga@neighbour.example');
    const local = await stage.server.addAccount({ email: person.email });
    const page = await stage.newPage({ javaScriptEnabled: false });
    await comeBackFrom('Neighbour', page, person);
    assert.match(await alertOf(page), /^You already have an account here\. Sign in as olga@neighbour\.example with your password once\./);
    assert.equal(await page.getByLabel('Username or e-mail').inputValue(), person.email);
    await givePassword(page, person.email);
    await seePage(page, 'Link Neighbour?');
    assert.match(await textOf(page.getByRole('main')), /from Neighbour as olga@neighbour\.example/);
    assert.deepEqual(await stage.server.house.storage.identities.list(local.tenantId, local.id), [], 'nothing is linked unasked');
    await press(page, 'Link and continue');
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, local.id);

    const next = await stage.newPage({ javaScriptEnabled: false });
    await next.goto(application.signInUrl());
    await press(next, 'Neighbour');
    await signInThere(next, person);
    assert.equal((await arrive(next, application)).sub, local.id);
  });

  it('a provider that stops while somebody is there is said to be down, and the password works', async () => {
    const orbital = await startTestProvider();
    const local = await stage.server.addAccount();
    const page = await stage.newPage();
    // That provider has no page of its own to show, and none at all in the end.
    const nothing = () => page.waitForURL('chrome-error://**');
    let sent: URL;
    try {
      await street.neighbours.addProvider({ id: 'orbital', name: 'Orbital', issuer: orbital.issuer, creation: 'everybody' });
      await page.goto(application.signInUrl());
      const leaving = page.waitForRequest(`${orbital.origin}/**`);
      await press(page, 'Orbital');
      sent = new URL((await leaving).url());
      await nothing();
    } finally {
      await orbital[Symbol.asyncDispose]();
    }
    await page.goto(orbital.authorize(sent).href);
    assert.equal(await alertOf(page), 'Orbital isn’t answering. Try again in a minute, or sign in another way.');
    assert.deepEqual(await buttonsOf(page), ['Show', 'Sign in', 'Neighbour', 'Invited only', 'Home', 'Orbital']);
    await press(page, 'Orbital');
    await nothing();
    await page.goBack();
    await seePage(page, 'Sign in');
    await givePassword(page, local.email);
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, local.id);
  });
});
