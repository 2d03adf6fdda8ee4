import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { Application } from '../support/callback-server.ts';
import { PASSWORD } from '../support/start-server.ts';
import { useStage } from './stage.ts';
import { arrive, codeOf, focused, seePage, textOf } from './steps.ts';

/** Whether a person can see where the focus is: a ring, or an edge that is not the edge of a field without it. */
const RING = `(() => {
  const { outlineStyle, outlineWidth, borderColor, boxShadow } = getComputedStyle(document.activeElement);
  return { ring: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, edge: borderColor, shadow: boxShadow };
})()`;

interface Looks {
  readonly ring: boolean;
  readonly edge: string;
  readonly shadow: string;
}

describe('by keyboard alone', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  async function looks(page: Page): Promise<Looks> {
    return await page.evaluate(RING);
  }

  /** Tabs on to the control of that name; each stop on the way has to be seen. Resolves to the names it came by. */
  async function tabTo(page: Page, name: string | RegExp): Promise<readonly string[]> {
    const stops: string[] = [];
    for (let stop = 0; stop < 12; stop++) {
      await page.keyboard.press('Tab');
      const here = await focused(page);
      const now = await looks(page);
      assert.ok(now.ring || now.edge === 'rgb(189, 93, 12)', `no focus to be seen on “${here}”: ${JSON.stringify(now)}`);
      stops.push(here);
      if (typeof name === 'string' ? here === name : name.test(here)) return stops;
    }
    throw new Error(`Tab never came to “${name}”, but by ${stops.join(', ')}`);
  }

  it('the whole way: password, enrolment, recovery codes, consent', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    const page = await stage.newPage();
    await page.goto(application.origin);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');

    await seePage(page, 'Sign in');
    assert.equal(await focused(page), 'Username or e-mail', 'the first field has the focus already');
    await page.keyboard.type(account.email);
    await tabTo(page, 'Password');
    await page.keyboard.type(PASSWORD);
    assert.deepEqual(await tabTo(page, 'Sign in'), ['Show password', 'Keep me signed in on this device', 'Sign in']);
    await page.keyboard.press('Enter');

    await seePage(page, 'Set up your authenticator app');
    const key = await textOf(page.getByLabel('Can’t scan? Type this key'));
    assert.equal(await focused(page), 'Type the code the app shows now');
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.equal(await focused(page), 'Type the code the app shows now');
    await page.keyboard.type(await codeOf(key, stage.server));
    await tabTo(page, 'Turn on two-step sign-in');
    await page.keyboard.press('Enter');

    await seePage(page, 'Keep these recovery codes');
    await tabTo(page, /^I have put them somewhere safe/);
    await page.keyboard.press('Space');
    await tabTo(page, 'Continue');
    await page.keyboard.press('Enter');

    await seePage(page, 'Freight Planner wants to use your account');
    const stops = await tabTo(page, 'Allow');
    assert.deepEqual(stops, ['Not you?', 'Don’t allow', 'Allow'], 'in reading order');
    await page.keyboard.press('Enter');
    await arrive(page, application);
  });

  it('the code page: code, other ways, and another person', async () => {
    const account = await stage.server.addAccount({ role: 'admin' });
    await stage.server.house.mfa.enrol(account, KEY, await codeOf(KEY, stage.server), { requestId: 'test', ip: 'test' });
    stage.server.clock.advance(30);
    const page = await stage.newPage();
    await page.goto(application.signInUrl());
    assert.equal(await focused(page), 'Username or e-mail');
    await page.keyboard.type(account.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await seePage(page, 'Enter your code');
    assert.equal(await focused(page), 'Six-digit code');
    assert.deepEqual(await tabTo(page, 'Not you?'), ['Continue', 'Use a recovery code', 'Not you?']);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await seePage(page, 'Use a recovery code');
    assert.deepEqual(await tabTo(page, 'Use your authenticator app'), ['Continue', 'Use your authenticator app']);
    await page.keyboard.press('Enter');
    await seePage(page, 'Enter your code');
    assert.equal(await focused(page), 'Six-digit code');
    await page.keyboard.type(await codeOf(KEY, stage.server));
    await page.keyboard.press('Enter');
    await seePage(page, 'Freight Planner wants to use your account');
  });
});

const KEY = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
