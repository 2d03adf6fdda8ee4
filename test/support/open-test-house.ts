import { type House, openHouse } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';

/** The services, in this process and without a log, over what these GATEHOUSE_ variables name. */
export async function openTestHouse(env: Readonly<Record<string, string>>, clock: Clock = systemClock): Promise<House> {
  const { config } = await loadConfig({ env, cwd: '/' });
  return await openHouse({ config, logger: createLogger({ level: 'silent', format: 'json' }), clock });
}
