import type { ProviderRegistration } from '../domain/federation/provider-registration.ts';
import type { ProviderSettings } from '../domain/federation/provider-settings.ts';
import type { Config, Settings } from './schema.ts';

/** The id of the provider that web.oidc makes. */
export const WEB_OIDC_ID = 'oidc';

/** Where its answers arrive. */
export const WEB_OIDC_CALLBACK = '/api/auth/oidc/callback';

/** What is registered at a provider for us. Each has addresses of its own, so that answers cannot be mixed up. */
export function registrationOf(id: string, { issuer, web }: Pick<Config, 'issuer' | 'web'>): ProviderRegistration {
  const ours = `${issuer}/federation/${id}`;
  const ofWeb = id === WEB_OIDC_ID && web.oidc.enabled ? (web.oidc.redirect_uri ?? `${issuer}${WEB_OIDC_CALLBACK}`) : undefined;
  return {
    redirect_uri: ofWeb ?? `${ours}/callback`,
    post_logout_redirect_uri: `${ours}/signed-out`,
    backchannel_logout_uri: `${ours}/logout`,
  };
}

/** The block web.oidc as a provider like any other; undefined when it is off, or says too little to be one. */
export function webOidcSettings({ web, tenant }: Pick<Settings, 'web' | 'tenant'>): ProviderSettings | undefined {
  const { enabled, issuer, client_id, client_secret, scopes, role_claim, role_map } = web.oidc;
  if (!enabled || issuer === null || client_id === null) return undefined;
  const { admin, operator, viewer } = role_map;
  return {
    id: WEB_OIDC_ID,
    preset: 'oidc',
    tenant: tenant.slug,
    issuer,
    client_id,
    client_secret,
    scopes,
    ...(role_claim !== null && { claims: { role: role_claim } }),
    role_map: { ...(admin !== null && { admin }), ...(operator !== null && { operator }), ...(viewer !== null && { viewer }) },
    // Who may come in is decided there, and by the role.
    creation: 'everybody',
  };
}
