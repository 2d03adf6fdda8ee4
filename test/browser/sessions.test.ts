import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { useStage } from './stage.ts';
import { allow, arrive, givePassword, press, seePage, signIn, textOf } from './steps.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

describe('staying signed in, and signing out', () => {
  const stage = useStage();
  let application: Application;
  let other: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
    other = await stage.startApplication('Saltmarsh Cinema');
  });

  it('is signed in for a while, and asked again after an hour without use', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    stage.server.clock.advance(HOUR - 120);
    await page.goto(application.signInUrl());
    await arrive(page, application);
    stage.server.clock.advance(HOUR + 60);
    await page.goto(application.signInUrl());
    await seePage(page, 'Sign in');
    await givePassword(page, account.email);
    await arrive(page, application);
  });

  it('is not signed in any more once the browser was closed, where it was not ticked', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    const { cookies } = await page.context().storageState();
    const reopened = await stage.newPage({ storageState: { cookies: cookies.filter(({ expires }) => expires > 0), origins: [] } });
    await reopened.goto(application.signInUrl());
    await seePage(reopened, 'Sign in');
  });

  it('signs out on the application’s request, returns to it, and asks for the password again everywhere', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, other, account.email);
    await page.goto(application.signInUrl());
    await allow(page, application);
    await arrive(page, application);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await seePage(page, `Sign out of ${stage.server.tenant.name}?`);
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Freight Planner asks for it\\..*Signed in as ${account.email}`));
    await press(page, 'Sign out');
    await seePage(page, 'Signed out of Freight Planner');
    assert.equal(new URL(page.url()).origin, application.origin);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await seePage(page, 'Sign in');
    await page.goto(other.signInUrl());
    await seePage(page, 'Sign in');
  });

  it('stays signed in where the person says so', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await press(page, 'Stay signed in');
    await seePage(page, 'Signed out of Freight Planner');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await arrive(page, application);
  });

  it('shows a page of its own after a sign-out that leads nowhere', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await page.goto(`${stage.server.issuer}/oauth/logout`);
    await press(page, 'Sign out');
    await seePage(page, 'You are signed out');
    assert.equal(await page.title(), `Signed out · ${stage.server.tenant.name}`);
    await page.goto(application.signInUrl());
    await seePage(page, 'Sign in');
  });

  it('says signed out to somebody who was not signed in', async () => {
    const page = await stage.newPage();
    await page.goto(`${stage.server.issuer}/oauth/logout`);
    await seePage(page, 'You are signed out');
  });

  // The last one: it leaves the server's clock a month ahead of the engine's.
  it('stays signed in for a month where the person ticked it, after the browser was closed too', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await page.getByLabel('Keep me signed in on this device').check();
    await givePassword(page, account.email);
    await press(page, 'Allow');
    await arrive(page, application);
    const { cookies } = await page.context().storageState();
    const lasting = cookies.filter(({ expires }) => expires > 0);
    const reopened = await stage.newPage({ storageState: { cookies: lasting, origins: [] } });
    stage.server.clock.advance(3 * DAY);
    await reopened.goto(application.signInUrl());
    assert.equal((await arrive(reopened, application)).sub, account.id);
    stage.server.clock.advance(31 * DAY);
    await reopened.goto(application.signInUrl());
    await seePage(reopened, 'Sign in');
  });
});
