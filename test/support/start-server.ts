import { createServer } from 'node:http';
import type { House } from '../../src/compose.ts';
import type { Account } from '../../src/domain/accounts/account.ts';
import type { NewAccount } from '../../src/domain/accounts/account-desk.ts';
import { PasswordHasher } from '../../src/domain/accounts/password-hasher.ts';
import type { ClientType } from '../../src/domain/clients/client.ts';
import type { ClientMetadata } from '../../src/domain/clients/client-metadata.ts';
import type { IssuedClient } from '../../src/domain/clients/client-service.ts';
import type { Tenant } from '../../src/domain/tenants/tenant.ts';
import type { Surface } from '../../src/http/rest/surface.ts';
import { composeServer } from '../../src/server/compose-server.ts';
import { freePort } from './free-port.ts';
import { openTestHouse } from './open-test-house.ts';
import { storeOfThisRun } from './stores.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { createTestClock, type TestClock } from './test-clock.ts';

export const ORIGIN = { requestId: 'test', ip: 'test' };

const STORE = await storeOfThisRun();

/** Strong enough for the policy, the same for everybody. */
export const PASSWORD = 'correct-horse-battery-staple-9';

export interface TestServer extends AsyncDisposable {
  readonly issuer: string;
  readonly house: House;
  readonly tenant: Tenant;
  readonly clock: TestClock;
  /** The documented APIs, as they are served. */
  readonly surfaces: readonly Surface[];
  /** A viewer with PASSWORD unless told otherwise. */
  addAccount(input?: Partial<NewAccount>): Promise<Account>;
  /** For every scope of the API, a service for none, unless told otherwise. */
  addClient(type: ClientType, metadata?: ClientMetadata): Promise<IssuedClient>;
}

async function hashIt({ keyring, config }: House): Promise<string> {
  const hasher = new PasswordHasher({ keyring, cost: config.passwords.bcrypt_cost, workers: 1, queue: 1 });
  try {
    return await hasher.hash(PASSWORD);
  } finally {
    await hasher.close();
  }
}

/**
 * The whole server on a real listener and a real database file, in this process, with a clock that can be moved.
 * @param env further settings, as GATEHOUSE_ variables
 */
export async function startServer(env: Record<string, string> = {}): Promise<TestServer> {
  const folder = await temporaryFolder();
  const store = env.GATEHOUSE_STORAGE__KIND === undefined ? await STORE.fresh() : {};
  const settings = {
    GATEHOUSE_DATA_DIR: folder.path,
    GATEHOUSE_SERVER__PORT: String(await freePort()),
    GATEHOUSE_PASSWORDS__BCRYPT_COST: '4',
    GATEHOUSE_DEMO: 'off',
    ...store,
    ...env,
  };
  const clock = createTestClock();
  const house = await openTestHouse(settings, clock.now);
  const { config } = house;
  const stop = new AbortController();
  const { app, surfaces } = await composeServer(house, stop.signal);
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(config.server.port, config.server.host, resolve));
  const tenant = await house.tenants.resolve(config.tenant.slug);
  let made = 0;
  let hashOfPassword: Promise<string> | undefined;
  return {
    issuer: config.issuer,
    house,
    tenant,
    clock,
    surfaces,
    async addAccount(input = {}) {
      const wanted: NewAccount = {
        tenantId: tenant.id,
        email: `person${++made}@example.com`,
        role: 'viewer',
        password: PASSWORD,
        ...input,
      };
      if (wanted.password !== PASSWORD) return await house.accounts.create(wanted, ORIGIN);
      // Judging a password takes a quarter of a second and a dictionary; the one that everybody has is good.
      const passwordHash = await (hashOfPassword ??= hashIt(house));
      const account = await house.accounts.create({ ...wanted, password: undefined }, ORIGIN);
      return (await house.storage.accounts.update(account.tenantId, account.id, (old) => ({ ...old, passwordHash }))) ?? account;
    },
    addClient(type, metadata = {}) {
      const scope = house.catalogue.map(({ name }) => name).join(' ');
      const wanted = { client_name: `Client ${++made}`, ...(type !== 'service' && { scope }), ...metadata };
      return house.clients.create({ tenantId: tenant.id, type, metadata: wanted }, ORIGIN);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await house[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
