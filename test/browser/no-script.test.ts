import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { useStage } from './stage.ts';
import { alertOf, allow, arrive, codeOf, enrol, giveCode, givePassword, press, seePage } from './steps.ts';

describe('without JavaScript', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  const newPage = () => stage.newPage({ javaScriptEnabled: false });

  it('the whole way: wrong password, enrolment, recovery codes, consent, and the code at the next sign-in', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    const page = await newPage();
    await page.goto(application.signInUrl());
    for (const name of ['Show password', 'Copy key', 'Print', 'Copy all'])
      assert.equal(await page.getByRole('button', { name }).count(), 0);
    await givePassword(page, account.email, 'not-the-right-one');
    assert.match(await alertOf(page), /^That didn’t match\./);
    await givePassword(page, account.email);
    const { key } = await enrol(page, stage.server);
    await allow(page, application);
    await arrive(page, application);

    stage.server.clock.advance(30);
    const next = await newPage();
    await next.goto(application.signInUrl());
    await givePassword(next, account.email);
    await giveCode(next, await codeOf(key, stage.server));
    assert.equal((await arrive(next, application)).acr, 'aal2');
  });

  it('another account takes over with one more press', async () => {
    const [first, second] = [await stage.server.addAccount(), await stage.server.addAccount()];
    const page = await newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, first.email);
    await allow(page, application);
    await page.goto(application.signInUrl({ prompt: 'select_account' }));
    await press(page, 'Use another account');
    await givePassword(page, second.email);
    await seePage(page, 'Going on');
    await press(page, 'Continue');
    await allow(page, application);
    assert.equal((await arrive(page, application)).sub, second.id);
  });

  it('form_post and sign-out arrive with one more press', async () => {
    const account = await stage.server.addAccount();
    const page = await newPage();
    await page.goto(application.signInUrl({ response_mode: 'form_post' }));
    await givePassword(page, account.email);
    await allow(page, application);
    await seePage(page, 'Going on to Freight Planner');
    await press(page, 'Continue');
    await arrive(page, application);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await press(page, 'Sign out');
    await seePage(page, 'Signed out of Freight Planner');
  });
});
