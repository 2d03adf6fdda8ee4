import { InvalidValueError } from '../errors.ts';
import type { Role } from '../policy/roles.ts';
import { PRESET_DEFAULTS } from './presets.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { problemsOf, rolesOf } from './settings-problems.ts';
import { type ClaimPaths, providerId, type RoleRule, type UpstreamProvider } from './upstream-provider.ts';

/** A provider as its settings have it, with what its preset adds; not yet of a store. */
export interface ConfiguredProvider extends Omit<UpstreamProvider, 'tenantId' | 'sealedSecret' | 'configured' | 'createdAt' | 'updatedAt'> {
  /** Slug of its tenant; undefined: it is for everybody. */
  readonly tenant: string | undefined;
  /** In clear, so it is never shown or stored as it is. */
  readonly secret: string | undefined;
}

/** @throws InvalidValueError that names the member that will not do with the others */
export function settleProvider(settings: ProviderSettings): ConfiguredProvider {
  const [first] = problemsOf(settings);
  if (first) throw new InvalidValueError(first.field, `${first.problem} ${first.mend}`);
  const { claims = {}, preset } = settings;
  const usual = PRESET_DEFAULTS[preset];
  const issuer = settings.issuer ?? usual.issuer ?? '';
  const map = rolesOf(settings.role_map);
  return {
    id: providerId(settings.id),
    tenant: settings.tenant ?? undefined,
    name: settings.name?.trim() ?? usual.name ?? new URL(issuer).host,
    preset,
    issuer,
    clientId: settings.client_id,
    authentication: settings.authentication ?? usual.authentication,
    secret: settings.client_secret ?? undefined,
    scopes: settings.scopes ?? usual.scopes,
    claims: {
      email: claims.email ?? usual.claims.email,
      emailVerified: claims.email_verified ?? usual.claims.emailVerified,
      username: claims.username ?? usual.claims.username,
      name: claims.name ?? usual.claims.name,
      groups: claims.groups ?? usual.claims.groups,
      role: claims.role,
      tenant: claims.tenant,
    },
    roles: { map, fallback: settings.default_role ?? usualFallback(map) },
    creation: settings.creation ?? 'invited',
    creationDomains: settings.creation_domains ?? [],
    trustedDomains: settings.trusted_domains ?? [],
    homeDomains: settings.home_domains ?? [],
    secondFactor: settings.second_factor ?? 'ask',
    endsSession: settings.ends_session ?? false,
    keepsTokens: settings.keeps_tokens ?? false,
    disabled: settings.enabled === false,
  };
}

/** Settings that a provider could have come from, without its secret. @param tenant its slug */
export function settingsOf(provider: UpstreamProvider, tenant: string | undefined) {
  const { map, fallback } = provider.roles;
  return {
    id: provider.id,
    preset: provider.preset,
    name: provider.name,
    tenant: tenant ?? null,
    issuer: provider.issuer,
    client_id: provider.clientId,
    authentication: provider.authentication,
    scopes: provider.scopes,
    claims: claimsOf(provider.claims),
    role_map: map,
    // What follows from the map goes on following it.
    ...(fallback !== usualFallback(map) && { default_role: fallback ?? null }),
    creation: provider.creation,
    creation_domains: provider.creationDomains,
    trusted_domains: provider.trustedDomains,
    home_domains: provider.homeDomains,
    second_factor: provider.secondFactor,
    ends_session: provider.endsSession,
    keeps_tokens: provider.keepsTokens,
    enabled: !provider.disabled,
  } satisfies ProviderSettings;
}

function claimsOf({ email, emailVerified, username, name, groups, role, tenant }: ClaimPaths) {
  return { email, email_verified: emailVerified, username, name, groups, role, tenant };
}

/** Whoever maps roles means that nobody else comes in. */
function usualFallback(map: RoleRule['map']): Role | undefined {
  return Object.keys(map).length === 0 ? 'viewer' : undefined;
}
