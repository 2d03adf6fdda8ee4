import type { Page } from 'playwright-core';
import { freePort } from '../support/free-port.ts';
import { type Neighbours, startNeighbours } from '../support/neighbours.ts';
import { type Stage, useStage } from './stage.ts';
import { givePassword, press, seePage } from './steps.ts';

/** A stage whose server has a neighbour, which may be made its provider. */
export interface NeighbourStage {
  readonly stage: Stage;
  readonly neighbours: Neighbours;
  /** At the neighbour's own sign-in page. */
  signInThere(page: Page, person: { readonly email: string }): Promise<void>;
  /** The first time the neighbour asks, too. */
  allowThere(page: Page): Promise<void>;
}

/** Nobody has to have a second factor; who has one is asked for it. */
export function useNeighbourStage(): NeighbourStage {
  let neighbours: Neighbours;
  const stage = useStage({ GATEHOUSE_MFA__REQUIRED_ROLES: '[]' }, async (env) => {
    const port = String(await freePort());
    // Another name than the neighbour's: cookies know no ports.
    const ownName = { GATEHOUSE_SERVER__HOST: '127.0.0.1', GATEHOUSE_SERVER__PORT: port, GATEHOUSE_ISSUER: `http://127.0.0.1:${port}` };
    neighbours = await startNeighbours({ ...env, ...ownName });
    return { ...neighbours.here, [Symbol.asyncDispose]: () => neighbours[Symbol.asyncDispose]() };
  });
  return {
    stage,
    get neighbours() {
      return neighbours;
    },
    async signInThere(page, { email }) {
      await page.waitForURL((url) => url.origin === neighbours.there.issuer);
      await givePassword(page, email);
    },
    async allowThere(page) {
      await seePage(page, 'Here wants to use your account');
      await press(page, 'Allow');
    },
  };
}
