import type { Command } from 'commander';
import type { House } from '../compose.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { Origin } from '../domain/audit/audit-log.ts';
import type { Tenant } from '../domain/tenants/tenant.ts';
import { type Answer, printable, toJson } from './output.ts';

/** What the audit log says of everything done here. */
export const ORIGIN: Origin = { requestId: 'cli', ip: 'cli' };

/** Opens what a command works on, and prints what it answers. */
export interface Shell {
  readonly withConfig: (work: (loaded: LoadedConfig) => Promise<Answer>) => Promise<void>;
  /** `tenant` is the first one, of the configuration. */
  readonly withHouse: (work: (house: House, tenant: Tenant) => Promise<Answer>) => Promise<void>;
  /** That of the configuration, and that of another configuration file. Neither gets a tenant that it has not. */
  readonly withTwoHouses: (other: string, work: (houses: { from: House; to: House }) => Promise<Answer>) => Promise<void>;
}

/** The heavy parts are loaded when a command needs them: asking for help does not wait for them. */
export function createShell(program: Command): Shell {
  const options = (): { readonly config?: string; readonly json?: true } => program.opts();

  async function load(file = options().config): Promise<LoadedConfig> {
    const [{ loadConfig }, { readEnvironment }] = await Promise.all([
      import('../config/load-config.ts'),
      import('../config/environment.ts'),
    ]);
    return await loadConfig({ env: readEnvironment(), file, cwd: process.cwd() });
  }

  async function open({ config }: LoadedConfig): Promise<House> {
    const [{ openHouse }, { createLogger }, { systemClock }] = await Promise.all([
      import('../compose.ts'),
      import('../lib/logger.ts'),
      import('../lib/clock.ts'),
    ]);
    return await openHouse({ config, logger: createLogger({ ...config.log, level: quiet(config) }), clock: systemClock });
  }

  function print({ document, text }: Answer): void {
    process.stdout.write(`${printable(options().json ? toJson(document) : text())}\n`);
  }

  return {
    async withConfig(work) {
      print(await work(await load()));
    },
    async withHouse(work) {
      const loaded = await load();
      await using house = await open(loaded);
      // Before the first start of the server there is no tenant yet.
      print(await work(house, await house.tenants.ensure(loaded.config.firstTenant, ORIGIN)));
    },
    async withTwoHouses(other, work) {
      await using from = await open(await load());
      await using to = await open(await load(other));
      print(await work({ from, to }));
    },
  };
}

/** The answer is the output here; only what is wrong may stand beside it. */
function quiet({ log }: Config): string {
  return ['trace', 'debug', 'info'].includes(log.level) ? 'warn' : log.level;
}
