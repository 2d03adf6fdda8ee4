import type { Brand } from '../../lib/brand.ts';
import type { Account } from '../accounts/account.ts';
import type { Role } from '../policy/roles.ts';
import type { TenantId } from '../tenants/tenant.ts';

/** Short name in addresses and on the command line: a-z, 0-9 and dashes; unique in the instance. */
export type ProviderId = Brand<'ProviderId'>;

/** What is known of a kind of provider beforehand; `oidc` is any issuer that has a discovery document. */
export const PRESETS = ['oidc', 'google', 'entra', 'github', 'apple', 'gitlab'] as const;

export type Preset = (typeof PRESETS)[number];

/** How we prove ourselves at its token endpoint (OpenID Connect Core 9). Apple takes a secret that is signed anew each time. */
export const PROVIDER_AUTHENTICATIONS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/** Where each of our values stands in what the provider tells: a path of members, joined by dots. Undefined: nowhere. */
export interface ClaimPaths {
  readonly email: string | undefined;
  readonly emailVerified: string | undefined;
  readonly username: string | undefined;
  readonly name: string | undefined;
  readonly groups: string | undefined;
  readonly role: string | undefined;
  /** Slug or id of the tenant. */
  readonly tenant: string | undefined;
}

/** Nothing is looked for. */
export const NO_CLAIM_PATHS: ClaimPaths = {
  email: undefined,
  emailVerified: undefined,
  username: undefined,
  name: undefined,
  groups: undefined,
  role: undefined,
  tenant: undefined,
};

export interface RoleRule {
  /** Upstream values that mean a role of ours; when several fit, the strongest counts. Empty, and no claim for it: roles are given here alone, and `fallback` is what newcomers get. */
  readonly map: Readonly<Partial<Record<Role, readonly string[]>>>;
  /** When nothing fits. Undefined: the person is refused. */
  readonly fallback: Role | undefined;
}

/** Who may come in that has no account yet. `invited`: whoever was invited by e-mail and has not set a password; `domains`: verified addresses of these. */
export const CREATIONS = ['everybody', 'nobody', 'invited', 'domains'] as const;

export type Creation = (typeof CREATIONS)[number];

/** `trust`: its word for a second factor is good (amr, acr); `ask`: we ask for ours as after a password. */
export const SECOND_FACTORS = ['trust', 'ask'] as const;

/** Another identity provider that people of ours may sign in with; we are its relying party. */
export interface UpstreamProvider {
  readonly id: ProviderId;
  /** Whose people it is for; undefined: everybody's. */
  readonly tenantId: TenantId | undefined;
  /** On the button: "Continue with <name>". At most 60 characters. */
  readonly name: string;
  readonly preset: Preset;
  /** As in its discovery document and in every token of its. For Entra of several tenants it holds `{tenantid}`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication: (typeof PROVIDER_AUTHENTICATIONS)[number];
  /** Sealed under the provider's id; undefined for private_key_jwt. For Apple: JSON of team id, key id and private key. */
  readonly sealedSecret: string | undefined;
  readonly scopes: readonly string[];
  readonly claims: ClaimPaths;
  readonly roles: RoleRule;
  readonly creation: Creation;
  /** For `domains`. */
  readonly creationDomains: readonly string[];
  /** Whose e-mail addresses it is the authority for: an account with a verified one of those is linked without being asked. */
  readonly trustedDomains: readonly string[];
  /** Whoever types an address of these is sent there. */
  readonly homeDomains: readonly string[];
  readonly secondFactor: (typeof SECOND_FACTORS)[number];
  /** Whoever signs out here is signed out there, too (OpenID Connect RP-Initiated Logout). */
  readonly endsSession: boolean;
  /** The tokens of the last sign-in there are kept, sealed, and refreshed. Nobody is given them. */
  readonly keepsTokens: boolean;
  readonly disabled: boolean;
  /** It stands in the configuration, and is changed there. */
  readonly configured: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Whether administrators of one tenant say what it is; those of the configuration and of all tenants are up to whoever runs the instance. */
export function isOfOneTenant({ tenantId, configured }: Pick<UpstreamProvider, 'tenantId' | 'configured'>): boolean {
  return tenantId !== undefined && !configured;
}

/** Whether its word can be good for this account: what administrators of one tenant set up is not for whoever may do everything everywhere. */
export function mayVouchFor(
  provider: Pick<UpstreamProvider, 'tenantId' | 'configured'>,
  { superAdministrator }: Pick<Account, 'superAdministrator'>,
): boolean {
  return !superAdministrator || !isOfOneTenant(provider);
}

export function providerId(value: string): ProviderId {
  return value as ProviderId;
}
