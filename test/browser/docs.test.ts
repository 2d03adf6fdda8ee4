import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { inspect, type Look } from './inspect.ts';
import { useStage } from './stage.ts';

const directory = process.env.GATEHOUSE_TEST_SHOTS;

const LOOKS: readonly Look[] = [
  { width: 320, scheme: 'light' },
  { width: 360, scheme: 'dark' },
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
];

describe('the documentation of the APIs, in a browser', () => {
  const stage = useStage({ GATEHOUSE_DEMO: 'on' });
  const names: string[] = [];
  before(() => names.push('oauth', ...stage.server.surfaces.map(({ name }) => name)));

  async function open(page: Page, name: string): Promise<readonly string[]> {
    const foreign: string[] = [];
    page.on('request', (request) => request.url().startsWith(`${stage.server.issuer}/`) || foreign.push(request.url()));
    await page.goto(`${stage.server.issuer}/docs/${name}`);
    await page.locator('.opblock').first().waitFor();
    return foreign;
  }

  it('shows every call of every API, from this server alone', async () => {
    const page = await stage.newPage();
    for (const name of names) {
      // Data of the style sheet itself is from nowhere else.
      assert.deepEqual(
        (await open(page, name)).filter((address) => !address.startsWith('data:')),
        [],
      );
      const { paths } = await (await fetch(`${stage.server.issuer}/docs/${name}/openapi.json`)).json();
      const calls = Object.values(paths as Record<string, object>).flatMap((methods) => Object.keys(methods));
      assert.equal(await page.locator('.opblock').count(), calls.length, name);
    }
  });

  it('can be read at any width, light and dark, with a call opened', async () => {
    const page = await stage.newPage();
    await open(page, 'tenant-api');
    await page
      .getByRole('button', { name: /\/users\/invite/ })
      .first()
      .click();
    await page.getByText('bob@acme.fr').first().waitFor();
    const faults = await inspect(page, { name: 'docs-viewer', looks: LOOKS, directory });
    // Swagger UI's own markup; its style, which is ours, makes none.
    const theirs = /: (?:heading-order|nested-interactive|select-name): /;
    assert.deepEqual(
      faults.filter((fault) => !theirs.test(fault)),
      [],
    );
  });

  it('tries a call with a token that is typed in', async () => {
    const { issuer, house } = stage.server;
    const account = await stage.server.addAccount();
    const expiresAt = new Date(Date.now() + 3_600_000);
    const issued = await house.houseTokens.issue({ kind: 'LoginToken', account, expiresAt, secondFactor: false });
    const page = await stage.newPage();
    await open(page, 'tenant-api');
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.locator('.modal-ux input').fill(issued?.value ?? '');
    await page.getByRole('button', { name: 'Apply credentials' }).click();
    await page.getByRole('button', { name: 'Close' }).last().click();
    await page
      .getByRole('button', { name: /\/users\/me/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse(`${issuer}/api/v1/users/me`);
    await page.getByRole('button', { name: 'Execute' }).click();
    assert.equal((await answered).status(), 200);
    await page.locator('.live-responses-table').getByText(account.email).first().waitFor();
  });

  it('lists all calls without script, and leads from there to the documents', async () => {
    const page = await stage.newPage({ javaScriptEnabled: false });
    await page.goto(`${stage.server.issuer}/docs`);
    for (const { title } of stage.server.surfaces) await page.getByRole('heading', { name: title }).waitFor();
    const calls = stage.server.surfaces.find(({ name }) => name === 'tenant-api')?.routes.length;
    await page.getByText(`${calls} calls`).click();
    await page.getByText('/api/v1/audit-log').waitFor();
    await page.getByRole('link', { name: 'Read about Tenant API' }).click();
    await page.getByText('A script draws this page.').waitFor();
    const document = page.getByRole('link', { name: 'OpenAPI document', exact: true });
    assert.equal(await document.getAttribute('href'), '/docs/tenant-api/openapi.json');
  });
});
