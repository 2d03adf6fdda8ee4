import Koa from 'koa';
import type { Logger } from '../../lib/logger.ts';
import type { Metrics } from './metrics.ts';
import { metricsRouter } from './router.ts';

/** What the listener of its own answers: /metrics, and nothing else. */
export function createMetricsApp(metrics: Metrics, logger: Logger): Koa {
  const app = new Koa();
  app.on('error', (error: unknown) => logger.error({ err: error }, 'the metrics could not be told'));
  app.use(metricsRouter(metrics).routes());
  return app;
}
