import type { Middleware } from 'koa';
import compose from 'koa-compose';
import type { Mailbox } from '../../domain/mail/mailbox.ts';
import type { ScopeCatalogue } from '../../domain/policy/allowed-scopes.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Csrf } from '../middleware/csrf.ts';
import type { Views } from '../views.ts';
import { createDemoApi } from './api.ts';
import { clientSecret, DEMO_CLIENTS, demoCurl, supportsDemo } from './credentials.ts';
import { createDemoIssuer } from './issuer.ts';
import type { Neighbour } from './neighbour.ts';
import { northmoor } from './northmoor.ts';
import { createParcelDesk } from './parcel-desk.ts';
import { demoRouter } from './router.ts';
import { type DemoWorldDeps, describePeople, ensureDemoClients, ensureDemoPeople } from './world.ts';

export interface DemoDeps extends DemoWorldDeps {
  readonly issuer: string;
  /** Identifier of the default API, the `aud` of its tokens. */
  readonly api: string;
  readonly catalogue: ScopeCatalogue;
  readonly logger: Logger;
  readonly views: Views;
  readonly csrf: Csrf;
  /** Where mail is kept instead of sent: then the demo has a page that shows it. */
  readonly mailbox: Mailbox | undefined;
  /** Another issuer beside this one, where there is one. */
  readonly neighbour: Neighbour | undefined;
}

/**
 * The demo: an application and an API that know Gatehouse only by HTTP, and people to be.
 * Its clients are there when this resolves, its people soon after; pages wait for them. Undefined where the scope catalogue lacks what it shows.
 */
export async function createDemo(deps: DemoDeps): Promise<Middleware | undefined> {
  const { issuer, keyring, clock, logger } = deps;
  if (!supportsDemo(deps.catalogue)) {
    logger.warn('the demo is off: api.scopes lacks a scope that it shows');
    return undefined;
  }
  const world = northmoor(issuer);
  const tenant = await ensureDemoClients(deps, world);
  const ensurePeople = retried(() => ensureDemoPeople(deps, world, tenant));
  ensurePeople().catch((error: unknown) => logger.warn({ err: error }, 'the people of the demo could not be made; its page tries again'));

  const known = createDemoIssuer(issuer);
  const credentials = (id: string) => ({ id, secret: clientSecret(keyring, id) });
  const api = createDemoApi({ issuer: known, audience: deps.api, credentials: credentials(DEMO_CLIENTS.api), clock });
  const desk = createParcelDesk({ origin: issuer, credentials: credentials(DEMO_CLIENTS.app), issuer: known, api, clock });
  const people = async () => {
    await ensurePeople();
    return await describePeople(deps, world);
  };
  const pages = demoRouter({ ...deps, desk, people, curl: demoCurl(issuer, keyring) });
  return compose([api.router.routes(), pages.routes()] as unknown as Middleware[]);
}

/** Done once; after a failure whoever asks next tries again. */
function retried(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
