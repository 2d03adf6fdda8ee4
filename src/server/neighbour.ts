import { join } from 'node:path';
import { type House, openHouse } from '../compose.ts';
import { loadConfig } from '../config/load-config.ts';
import { loadMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { settleProvider } from '../domain/federation/settle-provider.ts';
import { type Neighbour, neighbourPerson, neighbourSettings, neighbourWorld } from '../http/demo/neighbour.ts';
import { ensureDemoClients, ensureDemoPeople } from '../http/demo/world.ts';
import { type Answering, type Listener, listen } from '../http/listener.ts';
import { systemClock } from '../lib/clock.ts';
import { createKeyring } from '../lib/keyring.ts';
import type { Logger } from '../lib/logger.ts';
import { composeServer } from './compose-server.ts';

/** The neighbour of the demo: another issuer, with people, keys and a store of its own, on the next port. */
interface NeighbourServer extends AsyncDisposable {
  readonly neighbour: Neighbour;
  /** That configuration, with the neighbour as a provider. */
  readonly friendly: Config;
}

const LAST_PORT = 65_535;

type Handler = ReturnType<Answering['callback']>;

/**
 * Listens at once, and is opened when somebody first comes. Undefined when the port is taken, or there is none: then the demo does without.
 * @param config of the issuer whose demo it belongs to
 */
export async function openNeighbour(
  { config, logger }: { config: Config; logger: Logger },
  stop: AbortSignal,
): Promise<NeighbourServer | undefined> {
  if (config.server.port >= LAST_PORT) return undefined;
  const own = await configOfNeighbour(config);
  const keyring = createKeyring(await loadMasterKey(own));
  let opened: Promise<{ readonly house: House; readonly handle: Handler }> | undefined;
  const open = () => {
    opened ??= openWorld({ config: own, logger, friend: config.issuer }, stop).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const handle: Handler = async (request, response) => {
    try {
      await (await open()).handle(request, response);
    } catch (error) {
      logger.warn({ err: error }, 'the neighbour of the demo could not be opened');
      response.writeHead(503, { 'content-type': 'text/plain' }).end('The neighbour cannot be reached at the moment.\n');
    }
  };
  const listener = await listenQuietly(handle, own, logger);
  return (
    listener && {
      neighbour: { issuer: own.issuer, person: neighbourPerson(keyring, own.passwords.min_length) },
      friendly: withProvider(config, own, keyring),
      async [Symbol.asyncDispose]() {
        await listener[Symbol.asyncDispose]();
        await (await opened)?.house[Symbol.asyncDispose]();
      },
    }
  );
}

/** As if it had been installed by itself: nothing of the other's settings counts but how much work a password is. */
async function configOfNeighbour({ issuer, server, data_dir: folder, passwords, log }: Config): Promise<Config> {
  const { hostname, host } = new URL(issuer);
  // Cookies know no ports, so it has the other name of this machine.
  const ownHost = hostname === 'localhost' ? '127.0.0.1' : 'localhost';
  const { tenant } = neighbourWorld(issuer);
  const env = {
    GATEHOUSE_SERVER__HOST: ownHost,
    GATEHOUSE_SERVER__PORT: String(server.port + 1),
    GATEHOUSE_ISSUER: `http://${ownHost}:${server.port + 1}`,
    GATEHOUSE_DATA_DIR: join(folder, 'neighbour'),
    GATEHOUSE_DEMO: 'off',
    GATEHOUSE_TENANT__SLUG: tenant.slug,
    GATEHOUSE_TENANT__NAME: tenant.name,
    GATEHOUSE_OUTBOUND__ALLOW_PRIVATE: JSON.stringify([host]),
    GATEHOUSE_PASSWORDS__BCRYPT_COST: String(passwords.bcrypt_cost),
    GATEHOUSE_LOG__LEVEL: log.level,
  };
  return (await loadConfig({ env, cwd: folder })).config;
}

function withProvider(config: Config, own: Config, keyring: Parameters<typeof neighbourSettings>[1]): Config {
  const provider = settleProvider(neighbourSettings(own.issuer, keyring));
  const others = config.upstreamProviders.filter(({ id }) => id !== provider.id);
  const allowed = [...config.outbound.allow_private, new URL(own.issuer).host];
  return { ...config, upstreamProviders: [...others, provider], outbound: { ...config.outbound, allow_private: allowed } };
}

interface WorldOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly friend: string;
}

async function openWorld({ config, logger, friend }: WorldOptions, stop: AbortSignal) {
  await using closing = new AsyncDisposableStack();
  const house = closing.use(await openHouse({ config, logger: logger.child({ issuer: config.issuer }), clock: systemClock }));
  const { app } = await composeServer(house, stop);
  const deps = { ...house, mfa: house.quietMfa, stores: house.storage, minPasswordLength: config.passwords.min_length };
  const world = neighbourWorld(friend);
  await ensureDemoPeople(deps, world, await ensureDemoClients(deps, world));
  closing.move();
  return { house, handle: app.callback() };
}

async function listenQuietly(handle: Handler, { server }: Config, logger: Logger): Promise<Listener | undefined> {
  const { host, port } = server;
  try {
    return await listen({ callback: () => handle }, { host, port, drainSeconds: 1, reusePort: false, isPatient: () => false });
  } catch (error) {
    logger.info({ err: error, port }, 'the demo has no neighbour: its port is taken');
    return undefined;
  }
}
