import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Application } from '../support/callback-server.ts';
import { useStage } from './stage.ts';
import { seePage, textOf } from './steps.ts';

describe('requests that are stopped here', () => {
  const stage = useStage();
  let application: Application;
  before(async () => {
    application = await stage.startApplication('Freight Planner');
  });

  /** Opens the application's request, changed on its way. */
  async function openChanged(change: Readonly<Record<string, string>>) {
    const page = await stage.newPage();
    const { headers } = await fetch(application.signInUrl(), { redirect: 'manual' });
    const url = new URL(headers.get('location') ?? '');
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    const response = await page.goto(url.href);
    return { page, reference: response?.headers()['x-request-id'] ?? '' };
  }

  it('a redirect address that is not registered is named, never followed and never a link', async () => {
    const evil = 'https://evil.example/callback?<b>x</b>';
    const { page, reference } = await openChanged({ redirect_uri: evil });
    await seePage(page, 'We didn’t send you back to Freight Planner');
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Reference ${reference} Time \\d+ `));
    await page.getByText('For the developers of this app').click();
    assert.equal(await page.getByText(evil).count(), 1);
    await page.getByText(application.issued.client.id).waitFor();
    assert.deepEqual(await page.getByRole('link').all(), []);
    assert.equal(new URL(page.url()).origin, stage.server.issuer);
  });

  it('an application that is not known is said to be so', async () => {
    const { page, reference } = await openChanged({ client_id: 'nobody-knows-me' });
    await seePage(page, 'We don’t know this app');
    assert.match(await textOf(page.getByRole('main')), new RegExp(`Reference ${reference} `));
    assert.deepEqual(await page.getByRole('link').all(), []);
    await page.getByText('For the developers of this app').click();
    await page.getByText('nobody-knows-me').waitFor();
  });

  it('a page that is not there says so', async () => {
    const page = await stage.newPage();
    const response = await page.goto(`${stage.server.issuer}/nowhere`);
    assert.equal(response?.status(), 404);
    await seePage(page, 'There is no page here');
  });
});
