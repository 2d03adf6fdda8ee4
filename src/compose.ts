import type Koa from 'koa';
import { loadMasterKey } from './config/master-key.ts';
import type { Config } from './config/schema.ts';
import { createAccountService } from './domain/accounts/account-service.ts';
import { PasswordHasher } from './domain/accounts/password-hasher.ts';
import { createAudit } from './domain/audit/audit.ts';
import type { Origin } from './domain/audit/audit-log.ts';
import { createClientService } from './domain/clients/client-service.ts';
import { createKeyService } from './domain/keys/key-service.ts';
import type { CounterRule } from './domain/limits/counters.ts';
import { createKnownDevices } from './domain/limits/known-device.ts';
import { createLoginService } from './domain/login/login-service.ts';
import { createMfaService } from './domain/mfa/mfa-service.ts';
import type { ScopeCatalogue } from './domain/policy/allowed-scopes.ts';
import { createTenantService } from './domain/tenants/tenant-service.ts';
import { createTokenRegistry } from './domain/tokens/token-registry.ts';
import { createApp } from './http/app.ts';
import { loadAssets } from './http/assets.ts';
import { createDemo } from './http/demo/demo.ts';
import { createEnginePages } from './http/engine-pages.ts';
import { createCsrf } from './http/middleware/csrf.ts';
import { createViews } from './http/views.ts';
import type { Clock } from './lib/clock.ts';
import { createKeyring } from './lib/keyring.ts';
import type { Logger } from './lib/logger.ts';
import { createEngine } from './oidc/engine.ts';
import { openSqlite } from './storage/sqlite/open-sqlite.ts';

interface Surroundings {
  readonly config: Config;
  readonly logger: Logger;
  readonly clock: Clock;
}

const rule = ({ limit, window, block }: { limit: number; window: number; block: number }): CounterRule => ({
  limit,
  windowSeconds: window,
  blockSeconds: block,
});

/** The services over an open store: what the server and the command line have in common. */
export type House = Awaited<ReturnType<typeof openHouse>>;

/** @throws StorageUnusableError, MasterKeyError: the operator has to act */
export async function openHouse({ config, logger, clock }: Surroundings) {
  const keyring = createKeyring(await loadMasterKey(config));
  const { busy_timeout_ms: busyTimeoutMs, synchronous } = config.storage.sqlite;
  const storage = await openSqlite({ path: config.sqlitePath, busyTimeoutMs, synchronous, clock });
  const { passwords, limits, lifetimes, mfa: mfaConfig } = config;
  const catalogue: ScopeCatalogue = config.api.scopes.map((scope) => ({ ...scope, limit: scope.limit }));

  const audit = createAudit({ log: storage.audit, clock, logger });
  const tokens = createTokenRegistry(storage);
  const hasher = new PasswordHasher({ keyring, cost: passwords.bcrypt_cost, workers: passwords.workers, queue: passwords.queue });
  const devices = createKnownDevices(keyring);
  const login = createLoginService({
    ...storage,
    hasher,
    devices,
    audit,
    clock,
    limits: { address: rule(limits.login_address), account: rule(limits.login_account), accountTotal: limits.login_account_total },
  });
  const accounts = createAccountService({
    ...storage,
    hasher,
    tokens,
    forgive: login.forgive,
    audit,
    clock,
    rules: { minLength: passwords.min_length, minScore: passwords.min_score, contextWords: passwords.context_words },
    lifetimes: { passwordLink: lifetimes.password_link, adminLink: lifetimes.admin_link },
  });
  return {
    config,
    logger,
    clock,
    keyring,
    storage,
    catalogue,
    audit,
    devices,
    login,
    accounts,
    mfa: createMfaService({ ...storage, keyring, audit, clock, rule: rule(limits.mfa_account), requiredRoles: mfaConfig.required_roles }),
    tenants: createTenantService({ ...storage, audit, clock }),
    clients: createClientService({ ...storage, tokens, audit, clock, catalogue }),
    keys: createKeyService({ ...storage, keyring, audit, clock }),
    async [Symbol.asyncDispose]() {
      await hasher.close();
      await storage[Symbol.asyncDispose]();
    },
  };
}

const SWEEP_MS = 5 * 60_000;

/** The server over a house: keys and the first tenant are there, the application is ready to listen. */
export async function composeServer(house: House, stopping: () => boolean): Promise<Koa> {
  const { config, storage, keyring, clock, logger, audit, catalogue } = house;
  const origin: Origin = { requestId: 'start', ip: 'server' };
  const firstTenant = await house.tenants.ensure(config.tenant, origin);
  const jwks = await house.keys.load(origin);
  const assets = loadAssets();
  const views = createViews({ assets, cache: true });
  const csrf = createCsrf({ keyring, issuer: config.issuer });
  const cookieKeys = [keyring.derive('cookie').toString('base64url')];
  const errors = { views, tenantName: firstTenant.name, clock };

  const engine = await createEngine(
    {
      ...storage,
      issuer: config.issuer,
      cookieKeys,
      keyring,
      clock,
      logger,
      audit,
      catalogue,
      api: config.apiResource,
      lifetimes: config.lifetimes,
      outbound: { allowPrivate: config.outbound.allow_private, timeoutMs: config.outbound.timeout_ms, maxBytes: config.outbound.max_bytes },
      requiredRoles: config.mfa.required_roles,
      pages: createEnginePages({ ...storage, ...errors }),
      onReuse: ({ kind, accountId, clientId }) =>
        logger.warn({ kind, accountId, clientId }, 'a single-use artifact was presented twice at once'),
    },
    jwks,
  );

  const demo = config.demoEnabled
    ? await createDemo({
        ...house,
        stores: storage,
        views,
        csrf,
        issuer: config.issuer,
        api: config.apiResource,
        minPasswordLength: config.passwords.min_length,
      })
    : undefined;

  const sweeper = setInterval(() => {
    storage.sweep(clock()).catch((error: unknown) => logger.error({ err: error }, 'sweep failed'));
  }, SWEEP_MS);
  sweeper.unref();

  return createApp({
    issuer: config.issuer,
    trustedProxies: config.server.trusted_proxies,
    cookieKeys,
    logger,
    errors,
    assets,
    ops: { ping: () => storage.ping(), stopping },
    interaction: {
      engine: engine.interactions,
      login: house.login,
      mfa: house.mfa,
      accounts: storage.accounts,
      tenants: storage.tenants,
      challenges: storage.challenges,
      devices: house.devices,
      keyring,
      audit,
      clock,
      catalogue,
      views,
      csrf,
      secureCookies: config.issuer.startsWith('https:'),
      challengeSeconds: config.mfa.challenge_seconds,
      maxTries: config.mfa.max_tries,
    },
    account: {
      accounts: house.accounts,
      mfa: house.mfa,
      tenants: storage.tenants,
      firstTenant,
      views,
      csrf,
      minPasswordLength: config.passwords.min_length,
      wayOut: demo && { href: '/demo', text: 'Go to the demo' },
    },
    engine: engine.middleware,
    demo,
  });
}
