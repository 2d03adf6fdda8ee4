import Koa, { type Middleware } from 'koa';
import type { Logger } from '../lib/logger.ts';
import { type AccountPagesDeps, accountRouter } from './account/router.ts';
import type { WaysDeps } from './account/ways/context.ts';
import { waysRouter } from './account/ways/router.ts';
import { type Assets, serveAssets } from './assets.ts';
import { docsRouter } from './docs/router.ts';
import { type ErrorPageDeps, errorBoundary } from './errors.ts';
import { type FederationRouterDeps, federationRouter } from './federation/router.ts';
import type { InteractionDeps } from './interaction/context.ts';
import { interactionRouter } from './interaction/router.ts';
import { oneHost, requestContext } from './middleware/request-context.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import type { Metrics } from './ops/metrics.ts';
import { metricsRouter, type OpsDeps, opsRouter } from './ops/router.ts';
import { mountSurface, type Surface, type SurfaceDeps } from './rest/surface.ts';

export interface AppDeps {
  readonly issuer: string;
  readonly trustedProxies: readonly string[];
  readonly cookieKeys: readonly string[];
  readonly logger: Logger;
  readonly errors: ErrorPageDeps;
  readonly assets: Assets;
  readonly ops: OpsDeps;
  readonly metrics: Metrics;
  /** Whether /metrics is elsewhere. */
  readonly metricsApart: boolean;
  readonly interaction: InteractionDeps;
  readonly federation: FederationRouterDeps;
  readonly account: AccountPagesDeps;
  readonly ways: WaysDeps;
  readonly surfaces: readonly Surface[];
  readonly rest: SurfaceDeps;
  /** The protocol endpoints. */
  readonly engine: Middleware;
  /** The demo, where it is on. */
  readonly demo: Middleware | undefined;
}

/** Everything that is served, in the order a request meets it. */
export function createApp(deps: AppDeps): Koa {
  const { issuer, logger } = deps;
  const app = new Koa({ proxy: true, keys: [...deps.cookieKeys] });
  app.on('error', (error: unknown) => logger.error({ err: error }, 'a response failed'));
  const routers = [
    interactionRouter(deps.interaction),
    federationRouter(deps.federation),
    accountRouter(deps.account),
    waysRouter(deps.ways),
    opsRouter(deps.ops),
    docsRouter({ issuer, surfaces: deps.surfaces, views: deps.errors.views }),
    ...(deps.metricsApart ? [] : [metricsRouter(deps.metrics)]),
  ];
  const middleware: readonly (Middleware | undefined)[] = [
    requestContext({ issuer, trustedProxies: deps.trustedProxies, logger }),
    deps.metrics.middleware,
    securityHeaders({ secure: issuer.startsWith('https:') }),
    errorBoundary({ ...deps.errors, logger, issuer }),
    oneHost(issuer),
    serveAssets(deps.assets),
    ...routers.map((router) => router.routes() as unknown as Middleware),
    ...deps.surfaces.map((surface) => mountSurface(surface, deps.rest)),
    deps.demo,
    deps.engine,
  ];
  for (const each of middleware) if (each) app.use(each);
  return app;
}
