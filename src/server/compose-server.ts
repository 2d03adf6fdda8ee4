import type Koa from 'koa';
import type { House } from '../compose.ts';
import type { Origin } from '../domain/audit/audit-log.ts';
import type { PrivateJwks } from '../domain/keys/key-service.ts';
import { createRights } from '../domain/tokens/rights.ts';
import { createTokenInspection } from '../domain/tokens/token-inspection.ts';
import { createApp } from '../http/app.ts';
import { loadAssets } from '../http/assets.ts';
import { createDemo } from '../http/demo/demo.ts';
import { productRoutes } from '../http/demo/documented-api.ts';
import type { Neighbour } from '../http/demo/neighbour.ts';
import { createEnginePages } from '../http/engine-pages.ts';
import { createCsrf } from '../http/middleware/csrf.ts';
import { createMetrics } from '../http/ops/metrics.ts';
import { createMetricsApp } from '../http/ops/metrics-app.ts';
import type { Surface } from '../http/rest/surface.ts';
import { createSurfaces } from '../http/surfaces.ts';
import { createViews } from '../http/views.ts';
import { createEngine } from '../oidc/engine.ts';
import { hostEngine } from '../oidc/engine-host.ts';
import { ROUTES } from '../oidc/provider.ts';
import { startSweeper } from '../storage/sweeper.ts';
import { withAccountClients } from './account-clients.ts';
import { composeFederation, composeVisits } from './compose-federation.ts';
import { composeRest } from './compose-rest.ts';
import { startTokenRefresher } from './token-refresher.ts';

export interface ComposedServer {
  readonly app: Koa;
  /** For a listener of its own, where there is one. */
  readonly metricsApp: Koa | undefined;
  /** The documented APIs, as they are served. */
  readonly surfaces: readonly Surface[];
}

/** Routes that no router of ours has. */
const OTHER_ROUTES = [
  ...Object.values(ROUTES),
  `${ROUTES.authorization}/:uid`,
  `${ROUTES.end_session}/confirm`,
  `${ROUTES.end_session}/success`,
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/assets/:file',
  '/favicon.ico',
];

/**
 * The server over a house: keys and the first tenant are there, the application is ready to listen.
 * @param stop aborted when the process begins to drain
 * @param neighbour another issuer that the demo shows
 */
export async function composeServer(house: House, stop: AbortSignal, neighbour?: Neighbour): Promise<ComposedServer> {
  const { config, storage, keyring, clock, logger, audit, catalogue } = house;
  const origin: Origin = { requestId: 'start', ip: 'server' };
  const firstTenant = await house.tenants.ensure(config.firstTenant, origin);
  const assets = loadAssets();
  const views = createViews({ assets, cache: true });
  const csrf = createCsrf({ keyring, issuer: config.issuer });
  const secureCookies = config.issuer.startsWith('https:');
  const clients = withAccountClients(storage, config.issuer);
  const cookieKeys = [keyring.derive('cookie').toString('base64url')];
  const errors = { views, tenantName: firstTenant.name, clock };

  const rights = createRights({ ...storage, mfa: house.mfa, catalogue });
  const inspection = createTokenInspection({ ...house, rights });
  const { visits, signOut } = composeVisits(house);
  const create = (jwks: PrivateJwks) =>
    createEngine(
      {
        ...storage,
        clients,
        issuer: config.issuer,
        cookieKeys,
        keyring,
        clock,
        logger,
        audit,
        catalogue,
        api: config.apiResource,
        lifetimes: config.lifetimes,
        outbound: {
          allowPrivate: config.outbound.allow_private,
          timeoutMs: config.outbound.timeout_ms,
          maxBytes: config.outbound.max_bytes,
        },
        requiredRoles: config.mfa.required_roles,
        inspection,
        visits,
        afterSignOut: signOut.depart,
        pages: createEnginePages({ ...storage, ...errors }),
        onReuse: ({ kind, accountId, clientId }) =>
          logger.warn({ kind, accountId, clientId }, 'a single-use artifact was presented twice at once'),
      },
      jwks,
    );
  const engine = await hostEngine({ keys: house.keys, create, logger, origin }, stop);

  const demo = config.demoEnabled
    ? await createDemo({
        ...house,
        mfa: house.quietMfa,
        stores: storage,
        views,
        csrf,
        issuer: config.issuer,
        api: config.apiResource,
        minPasswordLength: config.passwords.min_length,
        neighbour,
      })
    : undefined;

  startSweeper(house, stop);
  const { federation, linking, notices } = composeFederation(house, { firstTenant: firstTenant.id, visits, endSessions: engine.endVisit });
  startTokenRefresher(house, notices.endAll, stop);
  const { services, rest } = composeRest({
    house,
    firstTenant,
    findOauthToken: engine.findOauthToken,
    codes: engine.codes,
    federation,
    visits,
    stop,
  });
  const surfaces = createSurfaces(services, config.demoEnabled ? productRoutes(clock) : []);

  const metrics = createMetrics({
    tally: house.tally,
    mail: house.post.counts,
    routes: OTHER_ROUTES,
    worker: config.server.workers > 1 ? process.pid : undefined,
  });
  house.federationMeter.connect(metrics.federation);
  const app = createApp({
    issuer: config.issuer,
    trustedProxies: config.server.trusted_proxies,
    cookieKeys,
    logger,
    errors,
    assets,
    metrics,
    metricsApart: config.metricsApart,
    ops: { ping: () => storage.ping(), stopping: () => stop.aborted },
    interaction: {
      engine: engine.interactions,
      login: house.login,
      mfa: house.mfa,
      accounts: storage.accounts,
      clients,
      tenants: storage.tenants,
      challenges: storage.challenges,
      devices: house.devices,
      federation,
      visits,
      newPlaces: house.newPlaces,
      keyring,
      audit,
      clock,
      catalogue,
      views,
      csrf,
      secureCookies,
      challengeSeconds: config.mfa.challenge_seconds,
      maxTries: config.mfa.max_tries,
    },
    federation: {
      federation,
      tenants: storage.tenants,
      notices,
      logger,
      signOut,
      trials: house.trials,
      views,
      tenantName: firstTenant.name,
    },
    account: {
      accounts: house.accounts,
      mfa: house.mfa,
      tenants: storage.tenants,
      firstTenant,
      views,
      csrf,
      minPasswordLength: config.passwords.min_length,
      wayOut: demo && { href: '/demo', text: 'Go to the demo' },
    },
    ways: {
      findSignedIn: engine.findSignedIn,
      tenants: storage.tenants,
      firstTenant,
      mfa: house.mfa,
      federation,
      linking,
      identities: house.identities,
      keyring,
      views,
      csrf,
      clock,
      issuer: config.issuer,
      secureCookies,
    },
    surfaces,
    rest,
    engine: engine.middleware,
    demo,
  });
  return { app, metricsApp: config.metricsApart ? createMetricsApp(metrics, logger) : undefined, surfaces };
}
