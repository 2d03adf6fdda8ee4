import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '../support/free-port.ts';
import { type Neighbours, startNeighbours } from '../support/neighbours.ts';
import { useStage } from './stage.ts';
import { alertOf, allow, arrive, givePassword, press, seePage, textOf } from './steps.ts';

const port = String(await freePort());

/** Another name than the neighbour's: cookies know no ports. */
const OWN_NAME = { GATEHOUSE_SERVER__HOST: '127.0.0.1', GATEHOUSE_SERVER__PORT: port, GATEHOUSE_ISSUER: `http://127.0.0.1:${port}` };

describe('linking and unlinking another provider', () => {
  let neighbours: Neighbours;
  const stage = useStage({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]', ...OWN_NAME }, async (env) => {
    neighbours = await startNeighbours(env);
    return { ...neighbours.here, [Symbol.asyncDispose]: () => neighbours[Symbol.asyncDispose]() };
  });
  before(() => neighbours.addProvider({ id: 'neighbour', name: 'Neighbour', creation: 'everybody' }));

  const ways = () => `${neighbours.here.issuer}/account/sign-in`;

  /** At the neighbour's own sign-in page. */
  async function signInThere(page: Page, { email }: { readonly email: string }): Promise<void> {
    await page.waitForURL((url) => url.origin === neighbours.there.issuer);
    await givePassword(page, email);
  }

  /** The first time the neighbour asks, too. */
  async function allowThere(page: Page): Promise<void> {
    await seePage(page, 'Here wants to use your account');
    await press(page, 'Allow');
  }

  it('links after a yes, signs in with it, and unlinks', async () => {
    const [local, person] = [await neighbours.here.addAccount(), await neighbours.there.addAccount({ email: 'nell@neighbour.example' })];
    const page = await stage.newPage();
    await page.goto(ways());
    await givePassword(page, local.email);
    await seePage(page, 'Ways to sign in');
    await press(page, 'Link Neighbour');
    await signInThere(page, person);
    await allowThere(page);
    await seePage(page, 'Link Neighbour?');
    assert.match(await textOf(page.getByRole('main')), /you are nell@neighbour\.example/);
    await press(page, 'Link Neighbour');
    assert.equal(await textOf(page.getByRole('status')), 'Neighbour is linked. You can sign in with it from now on.');

    const application = await stage.startApplication('Freight Planner');
    const visitor = await stage.newPage();
    await visitor.goto(application.signInUrl());
    await press(visitor, 'Neighbour');
    await signInThere(visitor, person);
    await allow(visitor, application);
    assert.equal((await arrive(visitor, application)).sub, local.id);

    await page.getByText('Unlink Neighbour…').click();
    await press(page, 'Unlink Neighbour');
    assert.equal(await textOf(page.getByRole('status')), 'Neighbour is unlinked. It no longer signs you in here.');
    assert.equal(await page.getByRole('button', { name: 'Link Neighbour' }).count(), 1);
  });

  it('without script: the last way in stays', async () => {
    const person = await neighbours.there.addAccount({ email: 'olga@neighbour.example' });
    const page = await stage.newPage({ javaScriptEnabled: false });
    await page.goto(ways());
    await press(page, 'Neighbour');
    await signInThere(page, person);
    await allowThere(page);
    await seePage(page, 'Ways to sign in');
    await page.getByText('Unlink Neighbour…').click();
    await press(page, 'Unlink Neighbour');
    assert.match(await alertOf(page), /^This is your only way in\./);
    assert.equal(await page.getByText('Unlink Neighbour…').count(), 1);
  });
});
