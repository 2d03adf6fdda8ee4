import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { ORIGIN } from '../support/start-server.ts';
import { useStage } from './stage.ts';
import { allow, arrive, enrol, focused, givePassword, press, seePage, textOf } from './steps.ts';

const NEW_PASSWORD = 'seven purple herons read maps';

describe('one-time links', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  async function passwordLink(email: string): Promise<string> {
    const account = await stage.server.house.accounts.resolve(email);
    return `${stage.server.issuer}/password/${await stage.server.house.accounts.createPasswordLink(account, ORIGIN)}`;
  }

  it('one makes the first administrator, who then signs in; after that it is dead', async () => {
    const { server } = stage;
    const secret = await server.house.accounts.createFirstAdministratorLink(ORIGIN);
    const link = `${server.issuer}/setup/${secret}`;
    const page = await stage.newPage();
    await page.goto(link);
    await seePage(page, 'Become the administrator');
    assert.equal(await focused(page), 'E-mail');
    await page.getByLabel('E-mail').fill('root@northmoor.example');
    await page.getByLabel('Name', { exact: true }).fill('Ada Northmoor');
    const password = page.getByLabel('New password');
    await password.fill('password1234567');
    await press(page, 'Become the administrator');

    assert.match(await page.title(), /^Problem: /);
    assert.equal(await password.getAttribute('aria-invalid'), 'true');
    assert.equal(await focused(page), 'New password');
    const reasons = (await password.getAttribute('aria-describedby'))?.split(' ') ?? [];
    const reason = await textOf(page.locator(`#${reasons.at(-1)}`));
    assert.match(reason, /[a-z ]+\./i);
    assert.equal(await page.getByLabel('E-mail').inputValue(), 'root@northmoor.example');
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Ada Northmoor');
    assert.equal(await password.inputValue(), '');

    await password.fill(NEW_PASSWORD);
    await press(page, 'Become the administrator');
    await seePage(page, 'You are the administrator');
    await page.getByText('The first time, you will be asked to set up an authenticator app.').waitFor();
    await page.goto(link);
    await seePage(page, 'This link no longer works');

    await page.goto(application.signInUrl());
    await givePassword(page, 'root@northmoor.example', NEW_PASSWORD);
    await enrol(page, server);
    await allow(page, application);
    const claims = await arrive(page, application);
    assert.equal(claims.name, 'Ada Northmoor');
    assert.equal(claims.acr, 'aal2');
  });

  it('one sets a password, once; the session that was there before asks for it', async () => {
    const { email } = await stage.server.addAccount();
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, email);
    await allow(page, application);
    await arrive(page, application);

    const link = await passwordLink(email);
    const elsewhere = await stage.newPage();
    await elsewhere.goto(link);
    await seePage(elsewhere, 'Set your password');
    assert.equal(await focused(elsewhere), 'New password');
    assert.match(await textOf(elsewhere.getByRole('main')), new RegExp(`Account ${email}`));
    await elsewhere.getByLabel('New password').fill('too short');
    await press(elsewhere, 'Set password');
    assert.match(await textOf(elsewhere.getByRole('main')), /15 characters/);
    assert.match(await elsewhere.title(), /^Problem: /);
    await elsewhere.getByLabel('New password').fill(NEW_PASSWORD);
    await press(elsewhere, 'Set password');
    await seePage(elsewhere, 'Your password is set');
    await elsewhere.goto(link);
    await seePage(elsewhere, 'This link no longer works');

    await page.goto(application.signInUrl());
    await page.getByRole('heading', { level: 1, name: /^Sign in/ }).waitFor();
    await page.getByLabel('Password', { exact: true }).waitFor();
  });

  it('looking does not use a link up, a newer one replaces it, and it ends after 20 minutes', async () => {
    const { email } = await stage.server.addAccount();
    const first = await passwordLink(email);
    const page = await stage.newPage();
    await page.goto(first);
    await page.reload();
    await seePage(page, 'Set your password');
    const second = await passwordLink(email);
    await page.goto(first);
    await seePage(page, 'This link no longer works');
    await page.goto(second);
    await seePage(page, 'Set your password');
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    stage.server.clock.advance(1201);
    await press(page, 'Set password');
    await seePage(page, 'This link no longer works');
  });
});
