import { parseArgs } from 'node:util';
import { readEnvironment } from './config/environment.ts';
import { loadConfig } from './config/load-config.ts';
import { createLogger } from './lib/logger.ts';
import { runProcess } from './server/run-process.ts';

/** Reads the configuration, then is the server, or watches over several. Only what it becomes is loaded. */
runProcess(async (stop) => {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  const { config } = await loadConfig({ env: readEnvironment(), file: values.config, cwd: process.cwd() });
  const logger = createLogger(config.log);
  if (config.server.workers > 1) {
    const { supervise } = await import('./server/supervisor.ts');
    await supervise({ config, logger }, stop.signal);
  } else {
    const [{ serve }, { welcome }] = await Promise.all([import('./server/serve.ts'), import('./server/welcome.ts')]);
    await serve({ config, logger, reusePort: false, onReady: welcome }, stop.signal);
  }
});
