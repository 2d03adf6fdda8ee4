import { z } from 'zod';
import {
  clientIdSchema,
  clientSecretSchema,
  issuerSchema,
  providerScopesSchema,
  providerSettingsSchema,
  roleValuesSchema,
} from '../domain/federation/provider-settings.ts';
import type { ConfiguredProvider } from '../domain/federation/settle-provider.ts';
import { ROLES } from '../domain/policy/roles.ts';
import type { NewTenant } from '../domain/tenants/tenant.ts';
import type { DeepReadonly } from '../lib/deep-readonly.ts';

const TEN_YEARS = 315_360_000;
const DAY = 86_400;

/** Bounded, so that no sum of times leaves the calendar. */
const seconds = z.int().min(1).max(TEN_YEARS);
const count = z.int().min(1);
const text = z.string().min(1);
const storeTimeout = z.int().min(100).max(60_000);

const webAddress = z.url({ protocol: /^https?$/ }).describe('an http or https address, like https://app.example.com/');

const rule = z.strictObject({ limit: count, window: seconds, block: seconds });
const rate = z.strictObject({ limit: count, window: seconds.max(DAY) });

/**
 * The shape of the configuration: every key there is, with its type and its limits.
 * Defaults and explanations stand in config/default.yaml, nowhere else. A description ends the sentence "… is not" of a fault.
 */
export const configSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }).describe('an http or https address, like https://id.example.com'),
  data_dir: text,
  server: z.strictObject({
    host: text,
    port: z.int().min(0).max(65535),
    trusted_proxies: z.array(
      z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]).describe('an IP address or a CIDR block, like 10.0.0.0/8'),
    ),
    drain_seconds: z.int().min(1).max(3600),
    workers: z.int().min(1).max(64),
  }),
  log: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    format: z.enum(['auto', 'json', 'pretty']),
  }),
  secrets: z.strictObject({
    master_key: text.nullable(),
  }),
  storage: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('sqlite'),
      sqlite: z.strictObject({
        path: text.nullable(),
        busy_timeout_ms: z.int().min(100).max(60_000),
        synchronous: z.enum(['full', 'normal']),
      }),
    }),
    z.strictObject({
      kind: z.literal('mongo-redis'),
      mongodb: z.strictObject({
        uri: text,
        username: text.nullable(),
        password: text.nullable(),
        ca_file: text.nullable(),
        pool_size: z.int().min(1).max(1000),
        timeout_ms: storeTimeout,
      }),
      redis: z.strictObject({
        topology: z.enum(['single', 'sentinel', 'cluster']),
        nodes: z.array(
          z
            .string()
            .regex(/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/)
            .describe('host:port, like redis.example.com:6379 or [2001:db8::7]:6379'),
        ),
        primary_name: text.nullable(),
        username: text.nullable(),
        password: text.nullable(),
        tls: z.boolean(),
        ca_file: text.nullable(),
        database: z.int().min(0),
        key_prefix: z
          .string()
          .regex(/^[A-Za-z0-9:._/-]*$/)
          .describe('a prefix of letters, digits and : . _ / -'),
        timeout_ms: storeTimeout,
      }),
    }),
  ]),
  tenant: z.strictObject({ slug: text, name: text, registration: z.enum(['auto', 'open', 'closed']) }),
  demo: z.enum(['auto', 'on', 'off']),
  api: z.strictObject({
    resource: z
      .url()
      .regex(/^[^#]*$/)
      .describe('an address without #, like https://api.example.com')
      .nullable(),
    scopes: z.array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
          .describe('a scope (RFC 6749, section 3.3): no spaces, quotes, backslashes or letters beyond ASCII'),
        description: text,
        limit: text.optional(),
        role: z.enum(ROLES),
      }),
    ),
  }),
  passwords: z.strictObject({
    bcrypt_cost: z.int().min(4).max(15),
    workers: count.max(16),
    queue: count,
    min_length: z.int().min(8).max(64),
    min_score: z.int().min(0).max(4),
    context_words: z.array(text),
  }),
  mfa: z.strictObject({
    required_roles: z.array(z.enum(ROLES)),
    challenge_seconds: seconds,
    max_tries: count,
  }),
  limits: z.strictObject({
    login_address: rule,
    login_account: rule,
    login_account_total: count,
    mfa_account: rule,
    mfa_account_total: count,
    api_address: rate,
    api_tenant: rate,
  }),
  lifetimes: z.strictObject({
    access_token: seconds,
    id_token: seconds,
    authorization_code: seconds,
    refresh_token: seconds,
    refresh_chain: seconds,
    interaction: seconds,
    session_idle: seconds,
    session_absolute: seconds,
    remembered_session: seconds,
    password_link: seconds,
    admin_link: seconds,
    invitation: seconds,
    private_token_max: seconds,
  }),
  session_api: z.strictObject({
    query: z.enum(['tokens', 'tickets']),
  }),
  federation: z.strictObject({
    providers: z.array(providerSettingsSchema),
  }),
  web: z.strictObject({
    oidc: z.strictObject({
      enabled: z.boolean(),
      issuer: issuerSchema.nullable(),
      client_id: clientIdSchema.nullable(),
      client_secret: clientSecretSchema.nullable(),
      redirect_uri: webAddress.nullable(),
      scopes: providerScopesSchema,
      role_claim: text.max(200).nullable(),
      role_map: z.strictObject({
        admin: roleValuesSchema.nullable(),
        operator: roleValuesSchema.nullable(),
        viewer: roleValuesSchema.nullable(),
      }),
      page: webAddress.nullable(),
    }),
  }),
  mail: z.strictObject({
    transport: z.enum(['auto', 'smtp', 'captured', 'off']),
    from: z.email().describe('an e-mail address, like no-reply@example.com'),
    smtp: z.strictObject({
      host: text.nullable(),
      port: z.int().min(1).max(65535),
      security: z.enum(['tls', 'starttls', 'none']),
      username: text.nullable(),
      password: text.nullable(),
      timeout_ms: z.int().min(100).max(60_000),
    }),
  }),
  metrics: z.strictObject({
    listener: z.enum(['auto', 'own', 'shared']),
    host: text,
    port: z.int().min(0).max(65535),
  }),
  outbound: z.strictObject({
    allow_private: z.array(text),
    timeout_ms: z.int().min(100).max(30_000),
    max_bytes: z.int().min(1024),
  }),
});

/** What the files and the environment say, validated; secret references are resolved. */
export type Settings = DeepReadonly<z.infer<typeof configSchema>>;

type SqliteSettings = Extract<Settings['storage'], { kind: 'sqlite' }>;
export type MongoRedisSettings = Extract<Settings['storage'], { kind: 'mongo-redis' }>;

/** Settings with everything that follows from them. One frozen value for the life of the process. */
export interface Config extends Settings {
  /** With the absolute path of the SQLite file. */
  readonly storage: (SqliteSettings & { readonly sqlite: { readonly path: string } }) | MongoRedisSettings;
  /** Whether the issuer is on localhost: then http, a generated key file and the demo are allowed. */
  readonly local: boolean;
  readonly demoEnabled: boolean;
  readonly firstTenant: NewTenant;
  /** How mail leaves: `auto` is settled. */
  readonly mailTransport: 'smtp' | 'captured' | 'off';
  /** Whether /metrics has a listener of its own. */
  readonly metricsApart: boolean;
  /** Those of federation.providers, and that of web.oidc. */
  readonly upstreamProviders: readonly ConfiguredProvider[];
  /** Identifier of the default API: the `aud` of access tokens (RFC 8707). */
  readonly apiResource: string;
}
