import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/free-port.ts';
import { type ServerProcess, startProcess } from '../support/start-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { givePassword, press, seePage, textOf } from './steps.ts';

describe('the neighbour of the demo, from a start to a sign-out', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: ServerProcess;
  let browser: Browser;
  let neighbour: string;
  before(async () => {
    folder = await temporaryFolder();
    const port = await freePort();
    server = await startProcess({ PORT: String(port), GATEHOUSE_DATA_DIR: folder.path, GATEHOUSE_PASSWORDS__BCRYPT_COST: '4' });
    neighbour = `http://127.0.0.1:${port + 1}`;
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    assert.equal(await server?.end('SIGTERM'), 0);
    await folder?.[Symbol.asyncDispose]();
  });

  /** The start page, and beside it the sign-in page of the app. */
  async function goToSignIn(start: Page): Promise<Page> {
    const opened = start.context().waitForEvent('page');
    await start.getByRole('link', { name: /^Sign in with Gatehouse/ }).click();
    const page = await opened;
    await seePage(page, 'Sign in');
    return page;
  }

  it('lets Nina in, whom only the neighbour knows, knows her when she returns, and signs her out at both', async () => {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const start = await context.newPage();
    await start.goto(`${server.issuer}/demo`);
    const card = start.getByRole('region', { name: 'Nina Berg' });
    const [username = '', password = ''] = await card.getByRole('code').allInnerTexts();

    const page = await goToSignIn(start);
    await press(page, 'The neighbour');
    await page.waitForURL(`${neighbour}/**`);
    await seePage(page, 'Sign in');
    assert.match(await textOf(page.locator('body')), /Fjord Freight/);
    await givePassword(page, username, password);
    await seePage(page, 'Northmoor Logistics wants to use your account');
    await press(page, 'Allow');
    await page.waitForURL(`${server.issuer}/**`);
    await seePage(page, 'Parcel Desk wants to use your account');
    await press(page, 'Allow');
    await seePage(page, 'What just happened?');
    assert.match(await textOf(page.getByRole('main')), /nina@fjord\.example/);

    await press(page, 'Sign out');
    await page
      .getByRole('button', { name: /^Sign out/ })
      .first()
      .click();
    await page.waitForURL(`${neighbour}/**`);
    await page
      .getByRole('button', { name: /^Sign out/ })
      .first()
      .click();
    await page.waitForURL(`${server.issuer}/demo`);

    const again = await goToSignIn(page);
    await press(again, 'The neighbour');
    await seePage(again, 'Sign in');
    await givePassword(again, username, password);
    await seePage(again, 'What just happened?');
    await context.close();
  });
});
