import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { openHouse } from './compose.ts';
import { composeServer } from './compose-server.ts';
import { readEnvironment } from './config/environment.ts';
import { loadConfig } from './config/load-config.ts';
import { systemClock } from './lib/clock.ts';
import { createLogger } from './lib/logger.ts';
import { welcome } from './welcome.ts';

/** The server: reads its configuration, opens the house, listens, and leaves in order when told to. */
async function run(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const { config } = await loadConfig({ env: readEnvironment(), file: values.config, cwd: process.cwd() });
  const logger = createLogger(config.log);
  let stopping = false;

  await using house = await openHouse({ config, logger, clock: systemClock });
  const app = await composeServer(house, () => stopping);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000 }, app.callback());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(config.server.port, config.server.host, resolve));
  await welcome(house);

  const signal = await new Promise<string>((resolve) => {
    process.once('SIGTERM', resolve).once('SIGINT', resolve);
  });
  stopping = true;
  logger.info({ signal }, 'stopping: no new connections, requests in flight finish');
  process.once('SIGTERM', () => process.exit(1)).once('SIGINT', () => process.exit(1));
  const deadline = setTimeout(() => server.closeAllConnections(), config.server.drain_seconds * 1000);
  server.closeIdleConnections();
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(deadline);
  logger.info('stopped');
}

run().catch((error: unknown) => {
  // Faults the operator can mend explain themselves; anything else needs its stack.
  const known =
    error instanceof Error &&
    /^(ConfigError|MasterKeyError|MasterKeyMismatchError|StorageUnusableError|OutboundGuardError)$/.test(error.name);
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  process.stderr.write(
    `${inUse ? `${error.message}. Stop what listens there, or set PORT to another port.` : known ? error.message : error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = 1;
});
