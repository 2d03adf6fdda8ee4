import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { openHouse } from './compose.ts';
import { composeServer } from './compose-server.ts';
import { readEnvironment } from './config/environment.ts';
import { loadConfig } from './config/load-config.ts';
import { listen } from './http/listener.ts';
import { systemClock } from './lib/clock.ts';
import { createLogger } from './lib/logger.ts';
import { OperatorError } from './lib/operator-error.ts';
import { welcome } from './welcome.ts';

/** The server: reads its configuration, opens the house, listens, and leaves in order when told to. */
async function run(): Promise<void> {
  const stop = new AbortController();
  // The first signal asks, the second insists.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(1) : stop.abort(signal)));

  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const { config } = await loadConfig({ env: readEnvironment(), file: values.config, cwd: process.cwd() });
  const { host, port, drain_seconds: drainSeconds } = config.server;
  const logger = createLogger(config.log);
  await using house = await openHouse({ config, logger, clock: systemClock });
  const app = await composeServer(house, stop.signal);
  await using _listener = await listen(app, { host, port, drainSeconds });
  await welcome(house);

  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  logger.info({ signal: stop.signal.reason }, 'stopping: no new connections, requests in flight finish');
}

/** What an operator can mend explains itself; anything else needs its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') return `${error.message}. Stop what listens there, or set PORT to another port.`;
  return error instanceof OperatorError ? error.message : String(error.stack);
}

run().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
