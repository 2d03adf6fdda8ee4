import type Koa from 'koa';
import type { Config } from '../config/schema.ts';
import { type Listener, listen } from '../http/listener.ts';
import type { Logger } from '../lib/logger.ts';
import { OperatorError } from '../lib/operator-error.ts';

interface MetricsListenerOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Whether others listen on the same port. */
  readonly reusePort: boolean;
}

/** The metrics cannot be where they are to be. */
export class MetricsListenerError extends OperatorError {
  override readonly name = 'MetricsListenerError';
  readonly code = 'metrics_listener';

  constructor(cause: Error) {
    super(`The metrics: ${cause.message}. Set metrics.host or metrics.port to where they can be, or metrics.listener to shared.`, {
      cause,
    });
  }
}

/** It drains after everything else: what happened on the way out is worth a look. */
export async function serveMetrics(app: Koa, { config, logger, reusePort }: MetricsListenerOptions): Promise<Listener> {
  const { host, port } = config.metrics;
  const options = { host, port, drainSeconds: 1, reusePort, isPatient: () => false };
  const listener = await listen(app, options).catch((error: Error) => {
    throw new MetricsListenerError(error);
  });
  logger.info({ host, port: listener.port }, 'the metrics are at /metrics of this address');
  return listener;
}
