import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { useStage } from './stage.ts';
import { alertOf, allow, arrive, focused, givePassword, press, seePage, signIn, textOf } from './steps.ts';

describe('signing in with a password', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  it('goes from the application through password and consent back into it, across origins', async () => {
    const account = await stage.server.addAccount({ displayName: 'Alice Martin', username: 'alice' });
    const page = await stage.newPage();
    await page.goto(application.origin);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await seePage(page, 'Sign in');
    assert.equal(await page.title(), `Sign in · ${stage.server.tenant.name}`);
    await page.getByText('to continue to Freight Planner').waitFor();
    assert.equal(await focused(page), 'Username or e-mail');
    await givePassword(page, 'alice');

    await seePage(page, 'Freight Planner wants to use your account');
    const main = await textOf(page.getByRole('main'));
    assert.match(main, new RegExp(`Deciding as ${account.email}`));
    const scopes = await page.getByRole('listitem').allInnerTexts();
    assert.deepEqual(
      scopes.map((scope) => scope.split('\n')[0]?.trim()),
      ['See interactions', 'Stay connected while you are away', 'See your e-mail address', 'See your name', 'Know it is you'],
    );
    await press(page, 'Allow');
    const claims = await arrive(page, application);
    assert.equal(claims.sub, account.id);
    assert.equal(claims.email, account.email);
    assert.equal(claims.name, 'Alice Martin');
    assert.equal(claims.acr, 'aal1');
    assert.deepEqual(claims.amr, ['pwd']);
  });

  it('says the same to a wrong password and to a name nobody has, keeps the name, and waits in the password', async () => {
    const account = await stage.server.addAccount();
    const seen: string[] = [];
    const page = await stage.newPage();
    for (const name of [account.email, 'nobody@example.com']) {
      await page.goto(application.signInUrl());
      await givePassword(page, name, 'not-the-right-one');
      assert.equal(await alertOf(page), 'That didn’t match. Check the username and the password, then try again.');
      assert.equal(await page.getByLabel('Username or e-mail').inputValue(), name);
      assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
      assert.equal(await focused(page), 'Password');
      seen.push(await page.content());
    }
    const [known = '', unknown = ''] = seen;
    const alike = (html: string, name: string) => html.replaceAll(name, 'NAME').replaceAll(/interaction\/[\w-]+|value="[\w-]{43}"/g, '');
    assert.equal(alike(known, account.email), alike(unknown, 'nobody@example.com'));
  });

  it('goes on from a wrong password to the application', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email, 'not-the-right-one');
    await page.getByRole('alert').waitFor();
    assert.equal(await focused(page), 'Password');
    await page.keyboard.type('correct-horse-battery-staple-9');
    await page.keyboard.press('Enter');
    await allow(page, application);
    await arrive(page, application);
  });

  it('shows a password on request, and never sends it as plain text', async () => {
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    const password = page.getByLabel('Password', { exact: true });
    await password.fill('secret');
    await press(page, 'Show password');
    assert.equal(await password.getAttribute('type'), 'text');
    await page.getByLabel('Username or e-mail').fill('nobody');
    await page.evaluate('addEventListener("submit", (event) => event.preventDefault())');
    await press(page, 'Sign in');
    assert.equal(await password.getAttribute('type'), 'password');
  });

  it('tells the application access_denied when the person does not allow it, and asks again the next time', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    await seePage(page, 'Freight Planner wants to use your account');
    await press(page, 'Don’t allow');
    await seePage(page, 'Freight Planner was told: access_denied');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await allow(page, application);
    await arrive(page, application);
  });

  it('asks for consent once: the next sign-in passes through, here and in another browser', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await page.goto(application.signInUrl());
    await arrive(page, application);
    const elsewhere = await stage.newPage();
    await elsewhere.goto(application.signInUrl());
    await givePassword(elsewhere, account.email);
    await arrive(elsewhere, application);
  });

  it('answers by form_post where the application asks for it', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl({ response_mode: 'form_post' }));
    await givePassword(page, account.email);
    await allow(page, application);
    const claims = await arrive(page, application);
    assert.equal(claims.sub, account.id);
    assert.equal(application.arrivals.at(-1)?.method, 'POST');
  });
});
