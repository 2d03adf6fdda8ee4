import { mkdir } from 'node:fs/promises';
import { loadMasterKey } from './config/master-key.ts';
import type { Config } from './config/schema.ts';
import { registrationOf } from './config/web-oidc.ts';
import { countedAudit, countedTokens } from './counted.ts';
import type { Account } from './domain/accounts/account.ts';
import { createAccountService } from './domain/accounts/account-service.ts';
import { PasswordHasher } from './domain/accounts/password-hasher.ts';
import { createAudit } from './domain/audit/audit.ts';
import { createClientService } from './domain/clients/client-service.ts';
import { createFederationMeterRelay } from './domain/federation/federation-meter.ts';
import { createIdentities } from './domain/federation/identities.ts';
import { createJourneys } from './domain/federation/journeys.ts';
import { createKeepTokens } from './domain/federation/kept-tokens.ts';
import { createProviderRegistry, secretOf } from './domain/federation/provider-registry.ts';
import { createRoundTrips } from './domain/federation/round-trips.ts';
import { createTokenRefresh } from './domain/federation/token-refresh.ts';
import { createTrials } from './domain/federation/trials.ts';
import { createKeyService } from './domain/keys/key-service.ts';
import { createLicenceService } from './domain/licences/licence-service.ts';
import type { CounterRule } from './domain/limits/counters.ts';
import { createKnownDevices } from './domain/limits/known-device.ts';
import { createLoginService } from './domain/login/login-service.ts';
import { createNewPlaces } from './domain/login/new-place.ts';
import type { Mailer } from './domain/mail/mailer.ts';
import { createNotices } from './domain/mail/notices.ts';
import { createPost } from './domain/mail/post.ts';
import { createMfaService } from './domain/mfa/mfa-service.ts';
import type { ScopeCatalogue } from './domain/policy/allowed-scopes.ts';
import { createTenantService } from './domain/tenants/tenant-service.ts';
import { createHouseTokens } from './domain/tokens/house-tokens.ts';
import { createPrivateTokens } from './domain/tokens/private-tokens.ts';
import { createTokenRegistry } from './domain/tokens/token-registry.ts';
import { createTokenSigner } from './domain/tokens/token-signer.ts';
import { createTokenUses } from './domain/tokens/token-uses.ts';
import type { Clock } from './lib/clock.ts';
import { createKeyring } from './lib/keyring.ts';
import type { Logger } from './lib/logger.ts';
import { createTally } from './lib/tally.ts';
import { createCapturedMailbox } from './mail/captured-mailbox.ts';
import { noMailer } from './mail/no-mailer.ts';
import { openSqlite } from './storage/sqlite/open-sqlite.ts';
import type { Storage } from './storage/storage.ts';
import { upstreamOnDemand } from './upstream/upstream-on-demand.ts';

const UPSTREAM_TIMEOUT_MS = 5000;

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

/** The services over an open store: what the server (server/compose-server.ts) and the command line have in common. */
export type House = Awaited<ReturnType<typeof openHouse>>;

/** @throws StorageUnusableError, MasterKeyError: the operator has to act */
export async function openHouse({ config, logger, clock }: Surroundings) {
  const keyring = createKeyring(await loadMasterKey(config));
  const storage = await openStorage(config, clock);
  const { passwords, limits, lifetimes } = config;
  const passwordRules = { minLength: passwords.min_length, minScore: passwords.min_score, contextWords: passwords.context_words };
  const catalogue: ScopeCatalogue = config.api.scopes.map((scope) => ({ ...scope, limit: scope.limit }));

  const tally = createTally();
  const audit = countedAudit(createAudit({ log: storage.audit, clock, logger }), tally);
  const mailbox = config.mailTransport === 'captured' ? createCapturedMailbox({ clock }) : undefined;
  const post = createPost({ mailer: mailbox ?? (await openMailer(config)), audit, logger });
  // Without mail nobody expects notices; what somebody asked to be sent fails, and says so.
  const notices = createNotices({ post: config.mailTransport === 'off' ? { send: () => undefined } : post, issuer: config.issuer, clock });
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
  const keys = createKeyService({ ...storage, keyring, audit, clock });
  const signer = createTokenSigner({ keys, clock });
  const houseTokens = countedTokens(createHouseTokens({ ...storage, signer, clock }), tally);
  const tokenUses = createTokenUses({ ...storage, clock, logger });
  const mfaDeps = {
    ...storage,
    keyring,
    audit,
    clock,
    limits: { account: rule(limits.mfa_account), accountTotal: limits.mfa_account_total },
    requiredRoles: config.mfa.required_roles,
    endSignIns: ({ id }: Account) => houseTokens.endSignIns(id),
  };
  const mfa = createMfaService({ ...mfaDeps, notices });
  const tokens = createTokenRegistry({ ...storage, houseTokens, uses: tokenUses, audit, clock });
  const accounts = createAccountService({
    ...storage,
    hasher,
    tokens,
    async forgive(account) {
      await login.forgive(account);
      await mfa.forgive(account);
    },
    notices,
    audit,
    clock,
    rules: passwordRules,
    lifetimes: { passwordLink: lifetimes.password_link, adminLink: lifetimes.admin_link, invitation: lifetimes.invitation },
  });
  const providers = createProviderRegistry({ ...storage, configured: config.upstreamProviders, keyring, audit, clock });
  const federationMeter = createFederationMeterRelay();
  const upstream = upstreamOnDemand({
    meter: federationMeter,
    // Longer than documents of clients may take: people wait for it, at a page that says so.
    rules: { allowPrivate: config.outbound.allow_private, maxBytes: config.outbound.max_bytes, timeoutMs: UPSTREAM_TIMEOUT_MS },
    secretOf: (provider) => secretOf(provider, keyring),
    keys,
    clock,
  });
  const trips = createRoundTrips({
    providers,
    upstream,
    journeys: createJourneys({ ...storage, keyring, clock }),
    audit,
    callbackOf: ({ id }) => registrationOf(id, config).redirect_uri,
  });
  const tokenRefresh = createTokenRefresh({ ...storage, providers, upstream, keyring, audit, clock, logger });
  return {
    config,
    logger,
    clock,
    keyring,
    storage,
    hasher,
    passwordRules,
    catalogue,
    tally,
    audit,
    mailbox,
    post,
    notices,
    newPlaces: createNewPlaces({ ...storage, notices, clock, logger }),
    devices,
    login,
    accounts,
    mfa,
    /** For the demo, whose people have authenticator apps from the start: no mail tells of that. */
    quietMfa: createMfaService({ ...mfaDeps, notices: undefined }),
    tenants: createTenantService({ ...storage, audit, clock }),
    clients: createClientService({ ...storage, tokens, audit, clock, catalogue }),
    upstream,
    federationMeter,
    providers,
    identities: createIdentities({ ...storage, providers, notices, audit }),
    trips,
    trials: createTrials({ ...storage, trips, keyring, clock }),
    keepTokens: createKeepTokens({ ...storage, keyring, clock }),
    tokenRefresh,
    keys,
    tokens,
    signer,
    houseTokens,
    tokenUses,
    privateTokens: createPrivateTokens({ houseTokens, mfa, uses: tokenUses, audit, clock, longest: lifetimes.private_token_max }),
    licences: createLicenceService({ ...storage, audit, clock }),
    async [Symbol.asyncDispose]() {
      await tokenRefresh[Symbol.asyncDispose]();
      await post[Symbol.asyncDispose]();
      await hasher.close();
      await storage[Symbol.asyncDispose]();
    },
  };
}

/** Every command of the command line opens a house, and few have mail to send: its library is loaded where it is used. */
async function openMailer({ mail, mailTransport }: Config): Promise<Mailer & Partial<Disposable>> {
  const { host, timeout_ms: timeoutMs, username, password, ...smtp } = mail.smtp;
  if (mailTransport !== 'smtp' || host === null) return noMailer;
  const { createSmtpMailer } = await import('./mail/smtp-mailer.ts');
  return createSmtpMailer({ ...smtp, host, timeoutMs, from: mail.from, username: username ?? undefined, password: password ?? undefined });
}

/** The drivers of the other stores are loaded where they are used. */
async function openStorage({ storage, data_dir: folder }: Config, clock: Clock): Promise<Storage> {
  if (storage.kind === 'sqlite') {
    const { path, busy_timeout_ms: busyTimeoutMs, synchronous } = storage.sqlite;
    // Where it cannot be made, opening the file in it says what to do.
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    return await openSqlite({ path, busyTimeoutMs, synchronous, clock });
  }
  const { openMongoRedis } = await import('./storage/mongo-redis/open-mongo-redis.ts');
  const { mongodb, redis } = storage;
  return await openMongoRedis({
    mongodb: {
      uri: mongodb.uri,
      username: mongodb.username ?? undefined,
      password: mongodb.password ?? undefined,
      caFile: mongodb.ca_file ?? undefined,
      poolSize: mongodb.pool_size,
      timeoutMs: mongodb.timeout_ms,
    },
    redis: {
      topology: redis.topology,
      nodes: redis.nodes,
      primaryName: redis.primary_name ?? '',
      username: redis.username ?? undefined,
      password: redis.password ?? undefined,
      tls: redis.tls,
      caFile: redis.ca_file ?? undefined,
      database: redis.database,
      keyPrefix: redis.key_prefix,
      timeoutMs: redis.timeout_ms,
    },
    clock,
  });
}
