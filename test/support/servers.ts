import type { House } from '../../src/compose.ts';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import { freePort } from './free-port.ts';
import { openTestHouse } from './open-test-house.ts';
import { CALLBACK } from './relying-party.ts';
import { type ServerProcess, startProcess } from './start-process.ts';
import { ORIGIN, PASSWORD } from './start-server.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A person with PASSWORD, and an application they sign in to. */
export interface Prepared {
  readonly person: { readonly identifier: string };
  readonly account: Account;
  readonly app: IssuedClient;
}

/** Server processes of one instance, each on a port of its own; none of them is started at first. */
export interface Servers extends AsyncDisposable {
  readonly ports: readonly number[];
  /** What all of them are told. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same store, from this process. */
  openHouse(): Promise<House>;
  /** A person and an application, by the services, before or while the servers run. */
  prepare(): Promise<Prepared>;
  start(index?: number): Promise<ServerProcess>;
}

/** @param settings GATEHOUSE_ variables for all of them, the store among them */
export async function createServers(count: number, settings: Readonly<Record<string, string>>): Promise<Servers> {
  const folder = await temporaryFolder();
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const env = {
    GATEHOUSE_ISSUER: `http://localhost:${ports[0]}`,
    GATEHOUSE_DATA_DIR: folder.path,
    GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
    GATEHOUSE_DEMO: 'off',
    GATEHOUSE_LOG__FORMAT: 'json',
    GATEHOUSE_SERVER__DRAIN_SECONDS: '2',
    ...settings,
  };
  const running: ServerProcess[] = [];
  const open = () => openTestHouse(env);
  let made = 0;
  return {
    ports,
    settings: env,
    openHouse: open,
    async prepare() {
      await using house = await open();
      const tenant = await house.tenants.ensure(house.config.tenant, ORIGIN);
      const email = `person${++made}@example.com`;
      const account = await house.accounts.create({ tenantId: tenant.id, email, role: 'viewer', password: PASSWORD }, ORIGIN);
      const metadata = { client_name: `App ${made}`, redirect_uris: [CALLBACK] };
      const app = await house.clients.create({ tenantId: tenant.id, type: 'web', metadata }, ORIGIN);
      return { person: { identifier: email }, account, app };
    },
    async start(index = 0) {
      const server = await startProcess({ ...env, PORT: String(ports[index]) });
      running.push(server);
      return server;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((server) => server[Symbol.asyncDispose]()));
      await folder[Symbol.asyncDispose]();
    },
  };
}
