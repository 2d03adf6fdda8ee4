import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { generateSecret } from 'otplib';
import type { Page } from 'playwright-core';
import type { Application } from '../support/callback-server.ts';
import { ORIGIN } from '../support/start-server.ts';
import { inspect, type Look } from './inspect.ts';
import { useStage } from './stage.ts';
import { allow, arrive, codeOf, giveCode, givePassword, press, seePage, textOf } from './steps.ts';

const directory = process.env.GATEHOUSE_TEST_SHOTS;

/** 320 px is WCAG 1.4.10 Reflow. Every look of every sample is in the gallery; here it is the real data that counts. */
const NARROWEST: Look = { width: 320, scheme: 'light' };
const SHOTS: readonly Look[] = [
  { width: 360, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
];

/** As unkind to a narrow page as real data can be. */
const LONG_EMAIL = 'maximiliane-charlotte.von-der-heidenreichsburg@logistics.northmoor.example';
const NEW_PASSWORD = 'seven purple herons read maps';

describe('the pages as they are served', () => {
  const stage = useStage({ GATEHOUSE_TENANT__NAME: 'Northmoor Logistics' });
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  /** Looks at a page from all sides. Resolves to its faults and leaves it as it was. */
  function tour() {
    const faults: string[] = [];
    return {
      faults,
      async stop(name: string, page: Page, title: string): Promise<void> {
        await seePage(page, title);
        const looks = directory === undefined ? [NARROWEST] : [NARROWEST, ...SHOTS];
        faults.push(...(await inspect(page, { name, looks, directory })));
      },
    };
  }

  it('password, enrolment, recovery codes and consent', async () => {
    const { faults, stop } = tour();
    const planner = await stage.startApplication('Container & Pallet Planner of the Harbour Authority', {
      policy_uri: 'https://harbour.example/privacy',
      tos_uri: 'https://harbour.example/terms',
    });
    await stage.server.addAccount({ email: LONG_EMAIL, displayName: 'Maximiliane von der Heidenreichsburg', role: 'admin' });
    const page = await stage.newPage();
    await page.goto(
      planner.signInUrl({ scope: 'openid profile email offline_access read:interactions read:users write:policies admin:all' }),
    );
    await stop('login', page, 'Sign in');
    await givePassword(page, LONG_EMAIL, 'not-the-right-one');
    await page.getByRole('alert').waitFor();
    await stop('login-refused', page, 'Sign in');
    await givePassword(page, LONG_EMAIL);
    await stop('enrol', page, 'Set up your authenticator app');
    const key = await textOf(page.getByLabel('Can’t scan? Type this key'));
    await page.getByLabel('Type the code the app shows now').fill('000000');
    await press(page, 'Turn on two-step sign-in');
    await page.getByRole('alert').waitFor();
    await stop('enrol-refused', page, 'Set up your authenticator app');
    await page.getByLabel('Type the code the app shows now').fill(await codeOf(key, stage.server));
    await press(page, 'Turn on two-step sign-in');
    await stop('recovery-codes', page, 'Keep these recovery codes');
    await page.getByRole('checkbox').check();
    await press(page, 'Continue');
    await stop('consent', page, `${planner.name} wants to use your account`);
    await press(page, 'Allow');
    await arrive(page, planner);
    assert.deepEqual(faults, []);
  });

  it('code and recovery code', async () => {
    const { faults, stop } = tour();
    const account = await stage.server.addAccount({ displayName: 'Alice Martin', role: 'admin' });
    const key = generateSecret();
    const code = await codeOf(key, stage.server);
    await stage.server.house.mfa.enrol(account, key, code, ORIGIN);
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    await givePassword(page, account.email);
    await stop('code', page, 'Enter your code');
    await giveCode(page, code);
    await page.getByText('This code was used already.').waitFor();
    await stop('code-used', page, 'Enter your code');
    await page.getByRole('link', { name: 'Use a recovery code' }).click();
    await stop('recovery', page, 'Use a recovery code');
    await page.getByLabel('Recovery code').fill('7QKM-2XWD-9FTR-H4BN-C3VJ-8LPA');
    await press(page, 'Continue');
    await page.getByRole('alert').waitFor();
    await stop('recovery-refused', page, 'Use a recovery code');
    assert.deepEqual(faults, []);
  });

  it('accounts, signing out and a consent of few words', async () => {
    const { faults, stop } = tour();
    await stage.server.addAccount({ displayName: 'Bob Okafor', username: 'bob' });
    const page = await stage.newPage();
    await page.goto(application.signInUrl({ scope: 'openid' }));
    await givePassword(page, 'bob');
    await stop('consent-little', page, 'Freight Planner wants to use your account');
    await allow(page, application);
    await arrive(page, application);
    await page.goBack();
    await stop('step-done', page, 'This step is done');
    await page.goto(application.signInUrl({ prompt: 'select_account', scope: 'openid' }));
    await stop('select-account', page, 'Choose an account');
    await page.goto(application.signInUrl({ prompt: 'login', scope: 'openid' }));
    await stop('login-again', page, 'Sign in again');
    await givePasswordAgain(page);
    await arrive(page, application);
    await page.getByRole('link', { name: 'Sign out' }).click();
    await stop('sign-out', page, 'Sign out of Northmoor Logistics?');
    await page.goto(`${stage.server.issuer}/oauth/logout`);
    await press(page, 'Sign out');
    await stop('signed-out', page, 'You are signed out');
    assert.deepEqual(faults, []);
  });

  it('one-time links', async () => {
    const { faults, stop } = tour();
    const { server } = stage;
    const page = await stage.newPage();
    await page.goto(`${server.issuer}/setup/${await server.house.accounts.createFirstAdministratorLink(ORIGIN)}`);
    await stop('setup', page, 'Become the administrator');
    await page.getByLabel('E-mail').fill(`x@${'northmoor.'.repeat(24)}example`);
    await page.getByLabel('Name', { exact: true }).fill(' ');
    await page.getByLabel('New password').fill('password1234567');
    await press(page, 'Become the administrator');
    await stop('setup-refused', page, 'Become the administrator');
    await page.getByLabel('E-mail').fill('root@northmoor.example');
    await page.getByLabel('Name', { exact: true }).fill('Ada Northmoor');
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await press(page, 'Become the administrator');
    await stop('setup-done', page, 'You are the administrator');

    const account = await server.addAccount({ displayName: 'Carla Núñez' });
    const link = `${server.issuer}/password/${await server.house.accounts.createPasswordLink(account, ORIGIN)}`;
    await page.goto(link);
    await stop('set-password', page, 'Set your password');
    await page.getByLabel('New password').fill('short');
    await press(page, 'Set password');
    await page.getByLabel('New password').waitFor();
    await stop('set-password-refused', page, 'Set your password');
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await press(page, 'Set password');
    await stop('set-password-done', page, 'Your password is set');
    await page.goto(link);
    await stop('link-dead', page, 'This link no longer works');
    assert.deepEqual(faults, []);
  });

  it('what went wrong', async () => {
    const { faults, stop } = tour();
    const { headers } = await fetch(application.signInUrl(), { redirect: 'manual' });
    const request = new URL(headers.get('location') ?? '');
    const changed = (name: string, value: string) => {
      const url = new URL(request);
      url.searchParams.set(name, value);
      return url.href;
    };
    const page = await stage.newPage();
    await page.goto(changed('redirect_uri', `https://evil.example/${'callback/'.repeat(20)}`));
    await stop('wrong-redirect', page, 'We didn’t send you back to Freight Planner');
    await page.goto(changed('client_id', 'nobody-knows-me'));
    await stop('unknown-app', page, 'We don’t know this app');
    await page.goto(application.signInUrl());
    await seePage(page, 'Sign in');
    const stranger = await stage.newPage();
    await stranger.goto(page.url());
    await stop('lost', stranger, 'We lost track of this sign-in');
    for (let tries = 0; tries < 11; tries++) await givePassword(page, 'nobody', 'not-the-right-one');
    await page.getByText('Too many tries.').waitFor();
    await stop('paused', page, 'Sign in');
    stage.server.clock.advance(700);
    await page.goto(page.url().replace('/password', ''));
    await stop('expired', page, 'This page was open too long');
    assert.deepEqual(faults, []);
  });
});

async function givePasswordAgain(page: Page): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill('correct-horse-battery-staple-9');
  await press(page, 'Sign in');
}
