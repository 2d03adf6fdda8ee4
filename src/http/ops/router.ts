import { Router } from '@koa/router';

export interface OpsDeps {
  /** Rejects when the stores do not answer. */
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
      const store = await ping().then(
        () => 'ok',
        (error: unknown) => (error instanceof Error ? error.message : 'does not answer'),
      );
      const ready = store === 'ok' && !stopping();
      ctx.status = ready ? 200 : 503;
      ctx.body = { status: ready ? 'ok' : 'unavailable', checks: { store, process: stopping() ? 'stopping' : 'ok' } };
    });
}
