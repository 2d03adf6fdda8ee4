import { Router } from '@koa/router';
import { StoreUnavailableError } from '../../domain/errors.ts';
import type { Metrics } from './metrics.ts';

export interface OpsDeps {
  /** Rejects when a store does not answer; the detail of a StoreUnavailableError says which and why, without addresses. */
  readonly ping: () => Promise<void>;
  /** True once the process has begun to drain. */
  readonly stopping: () => boolean;
}

/** For load balancers and orchestrators. Liveness touches no store: restarting a process never mended a database. */
export function opsRouter({ ping, stopping }: OpsDeps): Router {
  return new Router()
    .get('/healthz', (ctx) => {
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { status: 'ok' };
    })
    .get('/readyz', async (ctx) => {
      ctx.set('Cache-Control', 'no-store');
      const store = await ping().then(() => 'ok', faultOf);
      const ready = store === 'ok' && !stopping();
      ctx.status = ready ? 200 : 503;
      ctx.body = { status: ready ? 'ok' : 'unavailable', checks: { store, process: stopping() ? 'stopping' : 'ok' } };
    });
}

/** For Prometheus. */
export function metricsRouter(metrics: Metrics): Router {
  return new Router().get('/metrics', (ctx) => metrics.answer(ctx));
}

function faultOf(error: unknown): string {
  return (error instanceof StoreUnavailableError && error.detail) || 'does not answer';
}
