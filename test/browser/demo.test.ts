import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from './inspect.ts';
import { useStage } from './stage.ts';
import { giveCode, givePassword, press, seePage, textOf } from './steps.ts';

const directory = process.env.GATEHOUSE_TEST_SHOTS;

describe('the demo, from the link that a start prints', () => {
  const stage = useStage({ GATEHOUSE_DEMO: 'on' });

  it('lets a visitor sign in as Alice, and shows what the API answers and what it refuses', async () => {
    const start = await stage.newPage();
    await start.goto(`${stage.server.issuer}/demo`);
    await seePage(start, 'See a sign-in from both sides');
    const card = start.getByRole('region', { name: 'Alice Martin' });
    const [username = '', password = ''] = await card.getByRole('code').allInnerTexts();
    const [, code = ''] = /shows (\d{3} \d{3})/.exec(await textOf(card)) ?? [];

    const opened = start.context().waitForEvent('page');
    await start.getByRole('link', { name: /^Sign in with Gatehouse/ }).click();
    const page = await opened;
    await seePage(page, 'Sign in');
    await givePassword(page, username, password);
    await seePage(page, 'Enter your code');
    await giveCode(page, code);
    await seePage(page, 'Parcel Desk wants to use your account');
    await press(page, 'Allow');

    await seePage(page, 'What just happened?');
    assert.equal(page.url(), `${stage.server.issuer}/demo/result`);
    const main = page.getByRole('main');
    assert.match(await textOf(main), /200, the interactions/);
    assert.match(await textOf(main), /int-20417/);
    const looks = [{ width: 320, scheme: 'light' }] as const;
    assert.deepEqual(await inspect(page, { name: 'demo-result', looks, directory }), []);
    await press(page, 'Try to change a policy');
    await page.getByRole('heading', { name: 'It tried to change a policy' }).waitFor();
    assert.match(await textOf(main), /403/);
    await press(page, 'Revoke the token, then call');
    await page.getByRole('heading', { name: 'It called with a revoked token' }).waitFor();
    assert.match(await textOf(main), /401/);
  });
});
