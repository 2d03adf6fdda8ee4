import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { useNeighbourStage } from './neighbour-stage.ts';
import { alertOf, allow, arrive, givePassword, press, seePage, textOf } from './steps.ts';

describe('linking and unlinking another provider', () => {
  const street = useNeighbourStage();
  const { stage, signInThere, allowThere } = street;
  before(() => street.neighbours.addProvider({ id: 'neighbour', name: 'Neighbour', creation: 'everybody' }));

  const ways = () => `${stage.server.issuer}/account/sign-in`;

  it('links after a yes, signs in with it, and unlinks', async () => {
    const [local, person] = [
      await stage.server.addAccount(),
      await street.neighbours.there.addAccount({ email: 'nell@neighbour.example' }),
    ];
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
    const person = await street.neighbours.there.addAccount({ email: 'olga@neighbour.example' });
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
