import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { generateSecret } from 'otplib';
import type { Page } from 'playwright-core';
import type { Application } from '../support/callback-server.ts';
import { ORIGIN } from '../support/start-server.ts';
import { useStage } from './stage.ts';
import { allow, arrive, codeOf, givePassword, press, seePage, signIn, textOf } from './steps.ts';

describe('who is signing in', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  const people = async () => [await stage.server.addAccount(), await stage.server.addAccount()] as const;

  it('“Not you?” on the consent page lets somebody else sign in, and asks them', async () => {
    const [first, second] = await people();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, first.email);
    await seePage(page, 'Freight Planner wants to use your account');
    await press(page, 'Not you?');
    await seePage(page, 'Sign in');
    assert.equal(await page.getByLabel('Username or e-mail').inputValue(), '');
    await givePassword(page, second.email);
    await seePage(page, 'Freight Planner wants to use your account');
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Deciding as ${second.email}`));
    await press(page, 'Allow');
    assert.equal((await arrive(page, application)).sub, second.id);
  });

  it('“Not you?” on the code page forgets the password that was given', async () => {
    const administrator = await stage.server.addAccount({ role: 'admin' });
    const viewer = await stage.server.addAccount();
    const key = generateSecret();
    await stage.server.house.mfa.enrol(administrator, key, await codeOf(key, stage.server), ORIGIN);
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, administrator.email);
    await seePage(page, 'Enter your code');
    const codePage = page.url();
    await press(page, 'Not you?');
    await seePage(page, 'Sign in');
    await page.goto(codePage);
    await seePage(page, 'Sign in');
    await givePassword(page, viewer.email);
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, viewer.id);
  });

  const choose = async (page: Page) => {
    await page.goto(application.signInUrl({ prompt: 'select_account' }));
    await seePage(page, 'Choose an account');
  };

  it('prompt=select_account goes on with whoever is signed in', async () => {
    const account = await stage.server.addAccount({ displayName: 'Alice Martin' });
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await choose(page);
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Signed in as ${account.email}`));
    await press(page, 'Continue as Alice Martin');
    assert.equal((await arrive(page, application)).sub, account.id);
  });

  it('prompt=select_account lets another account in, which is then the one that is signed in', async () => {
    const [first, second] = await people();
    const page = await stage.newPage();
    await signIn(page, application, first.email);
    await choose(page);
    await press(page, 'Use another account');
    await givePassword(page, second.email);
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, second.id);
    await page.goto(application.signInUrl());
    assert.equal((await arrive(page, application)).sub, second.id);
  });

  it('prompt=login asks for the password of the person who is signed in, whose name stands fixed', async () => {
    const account = await stage.server.addAccount();
    const page = await stage.newPage();
    await signIn(page, application, account.email);
    await page.goto(application.signInUrl({ prompt: 'login' }));
    await seePage(page, 'Sign in again');
    assert.equal(await page.getByLabel('Username or e-mail').count(), 0);
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Signing in as ${account.email}`));
    await page.getByLabel('Password', { exact: true }).fill('not-the-right-one');
    await press(page, 'Sign in');
    await page.getByRole('alert').waitFor();
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Signing in as ${account.email}`));
    await page.getByLabel('Password', { exact: true }).fill('correct-horse-battery-staple-9');
    await press(page, 'Sign in');
    assert.equal((await arrive(page, application)).sub, account.id);
  });

  it('prompt=login lets another person in through “Not you?”', async () => {
    const [first, second] = await people();
    const page = await stage.newPage();
    await signIn(page, application, first.email);
    await page.goto(application.signInUrl({ prompt: 'login' }));
    await press(page, 'Not you?');
    await seePage(page, 'Sign in');
    await givePassword(page, second.email, 'not-the-right-one');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Username or e-mail').inputValue(), second.email, 'the name that was typed, not the fixed one');
    await givePassword(page, second.email);
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, second.id);
  });
});
