import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { sweepInTurn } from '../../src/storage/sweeper.ts';
import { startServer } from '../support/start-server.ts';

const SWEEP_SECONDS = 5 * 60;

it('two servers on one store sweep once in five minutes, whichever comes first', async () => {
  await using one = await startServer();
  await using other = await startServer({ GATEHOUSE_DATA_DIR: one.house.config.data_dir });
  const sweeps = [one, other].map(({ house }) => mock.method(house.storage, 'sweep'));
  const swept = () => sweeps.reduce((sum, sweep) => sum + sweep.mock.callCount(), 0);
  const { clock } = one;
  const come = ({ house }: typeof one) => sweepInTurn({ storage: house.storage, clock: clock.now });

  for (let round = 1; round <= 3; round++) {
    await Promise.all([come(one), come(other), come(one), come(other)]);
    assert.equal(swept(), round, 'all at once');
    clock.advance(SWEEP_SECONDS / 2);
    await come(other);
    clock.advance(SWEEP_SECONDS / 2 - 11);
    await come(other);
    assert.equal(swept(), round, 'within five minutes of the last');
    clock.advance(11);
  }

  // Each with its own rhythm: nobody gets in the way of the next turn.
  for (let round = 4; round <= 8; round++) {
    await come(one);
    clock.advance(SWEEP_SECONDS - 20);
    await come(other);
    assert.equal(swept(), round);
    clock.advance(20);
  }
});
