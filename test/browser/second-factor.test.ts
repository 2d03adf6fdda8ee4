import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { generateSecret } from 'otplib';
import type { Page } from 'playwright-core';
import type { Application } from '../support/callback-server.ts';
import { ORIGIN } from '../support/start-server.ts';
import { useStage } from './stage.ts';
import { alertOf, allow, arrive, codeOf, focused, giveCode, givePassword, press, seePage, textOf } from './steps.ts';

const isMissing = (element: unknown) => (element as { readonly validity: { readonly valueMissing: boolean } }).validity.valueMissing;

describe('the second factor', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  /** An administrator whose authenticator app is set up, and shows a code that was not used yet. */
  async function enrolled() {
    const account = await stage.server.addAccount({ role: 'admin' });
    const key = generateSecret();
    const outcome = await stage.server.house.mfa.enrol(account, key, await codeOf(key, stage.server), ORIGIN);
    stage.server.clock.advance(30);
    return {
      email: account.email,
      key,
      recoveryCodes: outcome.kind === 'enrolled' ? outcome.codes : [],
      code: await codeOf(key, stage.server),
    };
  }

  /** Past the password, with nobody signed in before. */
  async function atCode(email: string, used?: Page): Promise<Page> {
    const page = used ?? (await stage.newPage());
    await page.context().clearCookies();
    await page.goto(application.signInUrl());
    await givePassword(page, email);
    await seePage(page, 'Enter your code');
    return page;
  }

  it('is set up by typing the key over, and counts in the sign-in that set it up', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    await seePage(page, 'Set up your authenticator app');
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    const key = await textOf(page.getByLabel('Can’t scan? Type this key'));
    assert.match(key, /^([A-Z2-7]{4} )+[A-Z2-7]{1,4}$/);
    const code = page.getByLabel('Type the code the app shows now');
    await code.fill('000000');
    await press(page, 'Turn on two-step sign-in');
    assert.match(await alertOf(page), /^That code didn’t match\. Type the one your app shows now\./);
    assert.equal(await textOf(page.getByLabel('Can’t scan? Type this key')), key, 'the same key, so that the app need not be set up again');
    await code.fill(await codeOf(key, stage.server));
    await press(page, 'Turn on two-step sign-in');

    await seePage(page, 'Keep these recovery codes');
    const codes = await page.getByRole('main').getByRole('listitem').allInnerTexts();
    assert.equal(codes.length, 8);
    for (const each of codes) assert.match(each, /^(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}$/);
    assert.match(await textOf(page.getByRole('main')), new RegExp(`${account.email} · ${stage.server.tenant.name} · made `));
    await press(page, 'Continue');
    assert.equal(await page.getByRole('checkbox').evaluate(isMissing), true, 'the browser asks for the tick');
    await seePage(page, 'Keep these recovery codes');
    await page.getByRole('checkbox', { name: /I have put them somewhere safe/ }).check();
    await press(page, 'Continue');
    await allow(page, application);
    const claims = await arrive(page, application);
    assert.equal(claims.acr, 'aal2');
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
  });

  it('refuses to go on without the tick when the form is sent without the browser’s check', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    const key = await textOf(page.getByLabel('Can’t scan? Type this key'));
    await page.getByLabel('Type the code the app shows now').fill(await codeOf(key, stage.server));
    await press(page, 'Turn on two-step sign-in');
    await seePage(page, 'Keep these recovery codes');
    const codes = await page.getByRole('main').getByRole('listitem').allInnerTexts();
    await page.evaluate('for (const form of document.forms) form.noValidate = true');
    await press(page, 'Continue');
    assert.match(await alertOf(page), /^Your recovery codes aren’t kept yet\./);
    assert.deepEqual(await page.getByRole('main').getByRole('listitem').allInnerTexts(), codes, 'still there to be kept');
  });

  it('is asked for at the next sign-in, spaces allowed, and gives aal2', async () => {
    const { email, code } = await enrolled();
    const page = await atCode(email);
    assert.equal(await focused(page), 'Six-digit code');
    await giveCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await allow(page, application);
    const claims = await arrive(page, application);
    assert.equal(claims.acr, 'aal2');
    assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa']);
  });

  it('refuses a code that was used, in words of its own, and takes the next', async () => {
    const { email, key, code } = await enrolled();
    const page = await atCode(email);
    await giveCode(page, code);
    await seePage(page, 'Freight Planner wants to use your account');
    await atCode(email, page);
    await giveCode(page, code);
    assert.equal(await alertOf(page), 'This code was used already. Wait for the next one, then type it.');
    assert.equal(await focused(page), 'Six-digit code');
    stage.server.clock.advance(30);
    await giveCode(page, await codeOf(key, stage.server));
    await allow(page, application);
    await arrive(page, application);
  });

  it('takes a recovery code once, however it is typed, and not twice', async () => {
    const { email, recoveryCodes } = await enrolled();
    const [code = '', other = ''] = recoveryCodes;
    const page = await stage.newPage();
    const give = async (typed: string) => {
      await atCode(email, page);
      await page.getByRole('link', { name: 'Use a recovery code' }).click();
      await seePage(page, 'Use a recovery code');
      assert.equal(await focused(page), 'Recovery code');
      await page.getByLabel('Recovery code').fill(typed);
      await press(page, 'Continue');
    };
    await give(code.toLowerCase().replace(/.{4}/g, '$& '));
    await allow(page, application);
    const claims = await arrive(page, application);
    assert.equal(claims.acr, 'aal2');
    await give(code);
    assert.match(await alertOf(page), /^That recovery code didn’t match\. /);
    await page.getByLabel('Recovery code').fill(other);
    await press(page, 'Continue');
    await arrive(page, application);
  });

  it('leads from the recovery code back to the authenticator app', async () => {
    const { email, code } = await enrolled();
    const page = await atCode(email);
    await page.getByRole('link', { name: 'Use a recovery code' }).click();
    await page.getByRole('link', { name: 'Use your authenticator app' }).click();
    await seePage(page, 'Enter your code');
    await giveCode(page, code);
    await seePage(page, 'Freight Planner wants to use your account');
  });

  it('sends back to the password after five wrong codes, and a right one needs the password again', async () => {
    const { email, code } = await enrolled();
    const page = await atCode(email);
    const wrong = code === '000000' ? '000001' : '000000';
    for (let tries = 1; tries < 5; tries++) {
      await giveCode(page, wrong);
      assert.match(await alertOf(page), /^That code didn’t match\. /);
    }
    await giveCode(page, wrong);
    await seePage(page, 'Sign in');
    assert.equal(await alertOf(page), 'Too many codes that didn’t match. Start again with your password.');
    await givePassword(page, email);
    await giveCode(page, code);
    await seePage(page, 'Freight Planner wants to use your account');
  });

  it('can be left while it is set up: the application hears access_denied', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    await seePage(page, 'Set up your authenticator app');
    await press(page, 'Cancel');
    await seePage(page, 'Freight Planner was told: access_denied');
  });
});
