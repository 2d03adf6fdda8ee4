import { once } from 'node:events';
import { type House, openHouse } from '../compose.ts';
import type { Config } from '../config/schema.ts';
import { listen } from '../http/listener.ts';
import { systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { composeServer } from './compose-server.ts';
import { serveMetrics } from './metrics-listener.ts';
import { openNeighbour } from './neighbour.ts';

interface ServeOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Whether others listen on the same port. */
  readonly reusePort: boolean;
  /** Called once requests are answered. */
  readonly onReady: (house: House) => Promise<void>;
}

/** One server, from opening its store until it has drained. */
export async function serve({ config, logger, reusePort, onReady }: ServeOptions, stop: AbortSignal): Promise<void> {
  const { host, port, drain_seconds: drainSeconds } = config.server;
  await using neighbour = config.demoEnabled ? await openNeighbour({ config, logger }, stop) : undefined;
  await using house = await openHouse({ config: neighbour?.friendly ?? config, logger, clock: systemClock });
  const { app, metricsApp } = await composeServer(house, stop, neighbour?.neighbour);
  await using _metrics = metricsApp && (await serveMetrics(metricsApp, { config, logger, reusePort }));
  await using _listener = await listen(app, {
    host,
    port,
    drainSeconds,
    reusePort,
    // Whoever presses Ctrl-C has no proxy to be considerate of.
    isPatient: () => stop.reason !== 'SIGINT',
  });
  await onReady(house);

  if (!stop.aborted) await once(stop, 'abort');
  logger.info({ reason: stop.reason }, 'stopping: no new connections, requests in flight finish');
}
