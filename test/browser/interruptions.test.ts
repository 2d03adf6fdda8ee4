import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { useStage } from './stage.ts';
import { allow, arrive, givePassword, press, seePage, signIn, textOf } from './steps.ts';

describe('a sign-in that does not go straight on', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  it('in two tabs, to two applications at once, ends signed in to both', async () => {
    const account = await stage.server.addAccount();
    const other = await stage.startApplication('Saltmarsh Cinema');
    const first = await stage.newPage();
    const second = await first.context().newPage();
    await first.goto(application.signInUrl());
    await second.goto(other.signInUrl());
    await seePage(second, 'Sign in');
    await givePassword(first, account.email);
    await seePage(first, 'Freight Planner wants to use your account');
    await givePassword(second, account.email);
    await allow(second, other);
    assert.equal((await arrive(second, other)).sub, account.id);
    await press(first, 'Allow');
    assert.equal((await arrive(first, application)).sub, account.id);
    await first.goto(application.signInUrl());
    await arrive(first, application);
    await second.goto(other.signInUrl());
    await arrive(second, other);
  });

  it('refuses a sign-in that is opened in another browser, and says why', async () => {
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await seePage(page, 'Sign in');
    const thief = await stage.newPage();
    const response = await thief.goto(page.url());
    assert.equal(response?.status(), 400);
    await seePage(thief, 'We lost track of this sign-in');
    assert.match(await textOf(thief.getByRole('main')), /Reference req_[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
    assert.equal(await thief.getByRole('link').count(), 0, 'nothing leads anywhere a stranger chose');
  });

  for (const kept of [true, false]) {
    it(`says of a page that was open too long what happened, and leads back to the application, cookie ${kept ? 'kept' : 'expired'}`, async () => {
      const account = await stage.server.addAccount();
      const page = await stage.newPage();
      await page.goto(application.signInUrl());
      await page.getByLabel('Username or e-mail').fill(account.email);
      await page.getByLabel('Password', { exact: true }).fill('correct-horse-battery-staple-9');
      stage.server.clock.advance(700);
      if (!kept) await page.context().clearCookies({ name: 'gatehouse_interaction' });
      await press(page, 'Sign in');
      await seePage(page, 'This page was open too long');
      await page.getByText('Go back to Freight Planner and sign in again.').waitFor();
      assert.equal(await page.locator(':text("correct-horse")').count(), 0);
      await page.getByRole('link', { name: 'Go to Freight Planner' }).click();
      await page.getByRole('link', { name: 'Sign in' }).click();
      await givePassword(page, account.email);
      await allow(page, application);
      await arrive(page, application);
    });
  }

  it('knows a step that was done already when the Back button returns to it', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await page.goBack();
    await seePage(page, 'This step is done');
    assert.equal(new URL(page.url()).origin, stage.server.issuer);
    await page.getByRole('link', { name: 'Go to Freight Planner' }).click();
    await seePage(page, 'Freight Planner');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await arrive(page, application);
  });

  it('never shows the password or the codes again when the Back button returns to their page', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    await seePage(page, 'Freight Planner wants to use your account');
    await page.goBack();
    await seePage(page, 'This step is done');
    await page.goForward();
    await allow(page, application);
    await arrive(page, application);
  });

  it('goes on after a reload of any page', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await page.reload();
    await givePassword(page, account.email, 'not-the-right-one');
    await page.getByRole('alert').waitFor();
    await page.goto(page.url().replace(/\/password$/, ''));
    await givePassword(page, account.email);
    await seePage(page, 'Freight Planner wants to use your account');
    await page.reload();
    await allow(page, application);
    await arrive(page, application);
  });
});
