import { z } from 'zod';
import { ROLES } from '../domain/policy/roles.ts';

/**
 * The shape of the configuration: every key there is, with its type and its limits.
 * Defaults and explanations stand in config/default.yaml, nowhere else. Durations are seconds.
 */
const seconds = z.int().positive();
const count = z.int().positive();

const rule = z.strictObject({ limit: count, window: seconds, block: seconds });

export const configSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }),
  data_dir: z.string().min(1),
  server: z.strictObject({
    host: z.string().min(1),
    port: z.int().min(0).max(65535),
    trusted_proxies: z.array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()])),
    drain_seconds: seconds,
  }),
  log: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    format: z.enum(['auto', 'json', 'pretty']),
  }),
  secrets: z.strictObject({
    master_key: z.string().nullable(),
  }),
  storage: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('sqlite'),
      sqlite: z.strictObject({
        path: z.string().nullable(),
        busy_timeout_ms: z.int().min(100).max(60_000),
        synchronous: z.enum(['full', 'normal']),
      }),
    }),
  ]),
  tenant: z.strictObject({ slug: z.string(), name: z.string() }),
  demo: z.enum(['auto', 'on', 'off']),
  api: z.strictObject({
    resource: z.url().nullable(),
    scopes: z.array(
      z.strictObject({
        name: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/),
        description: z.string().min(1),
        limit: z.string().min(1).optional(),
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
    context_words: z.array(z.string()),
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
  }),
  outbound: z.strictObject({
    allow_private: z.array(z.string().min(1)),
    timeout_ms: z.int().min(100).max(30_000),
    max_bytes: z.int().min(1024),
  }),
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** What the files and the environment say, validated; secret references are resolved. */
export type Settings = DeepReadonly<z.infer<typeof configSchema>>;

/** Settings with everything that follows from them. One frozen value for the life of the process. */
export interface Config extends Settings {
  /** Whether the issuer is on localhost: then http, a generated key file and the demo are allowed. */
  readonly local: boolean;
  readonly demoEnabled: boolean;
  /** Absolute path of the SQLite file. */
  readonly sqlitePath: string;
  /** Identifier of the default API: the `aud` of access tokens (RFC 8707). */
  readonly apiResource: string;
}
