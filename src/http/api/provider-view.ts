import { z } from 'zod';
import type { ProviderRegistration } from '../../domain/federation/provider-registration.ts';
import { providerSettingsSchema } from '../../domain/federation/provider-settings.ts';
import { settingsOf } from '../../domain/federation/settle-provider.ts';
import type { UpstreamProvider } from '../../domain/federation/upstream-provider.ts';
import type { Tenant } from '../../domain/tenants/tenant.ts';

/** A provider, in every answer that tells of one: its settings with what follows from them, and whether there is a secret instead of the secret. */
export const providerSchema = z.strictObject({
  ...providerSettingsSchema.omit({ client_secret: true }).required().shape,
  has_secret: z.boolean(),
  redirect_uri: z.string().meta({ description: 'To be registered at the provider, like the two after it.' }),
  post_logout_redirect_uri: z.string().meta({ description: 'Where browsers come back to that were signed out there, too (ends_session).' }),
  backchannel_logout_uri: z.string().meta({ description: 'Where the provider may tell of a sign-out there.' }),
  configured: z.boolean().meta({ description: 'It stands in the configuration of the server, and is changed there alone.' }),
  created_at: z.iso.datetime().nullable(),
  updated_at: z.iso.datetime().nullable(),
});

export const NEW_PROVIDER_EXAMPLE = {
  id: 'acme-sso',
  preset: 'oidc',
  name: 'Acme',
  issuer: 'https://id.acme.example',
  client_id: 'gatehouse',
  client_secret: 'k3Jw…',
  scopes: ['openid', 'profile', 'email'],
  home_domains: ['acme.example'],
} satisfies z.infer<typeof providerSettingsSchema>;

const { client_secret: _secret, ...SETTINGS_EXAMPLE } = NEW_PROVIDER_EXAMPLE;

export const PROVIDER_EXAMPLE: z.infer<typeof providerSchema> = {
  ...SETTINGS_EXAMPLE,
  tenant: 'acme',
  authentication: 'client_secret_basic',
  claims: { email: 'email', email_verified: 'email_verified', username: 'preferred_username', name: 'name', groups: 'groups' },
  role_map: {},
  default_role: 'viewer',
  creation: 'invited',
  creation_domains: [],
  trusted_domains: [],
  second_factor: 'ask',
  ends_session: false,
  keeps_tokens: false,
  enabled: true,
  has_secret: true,
  redirect_uri: 'https://id.example.com/federation/acme-sso/callback',
  post_logout_redirect_uri: 'https://id.example.com/federation/acme-sso/signed-out',
  backchannel_logout_uri: 'https://id.example.com/federation/acme-sso/logout',
  configured: false,
  created_at: '2026-11-01T09:30:00.000Z',
  updated_at: '2026-11-01T09:30:00.000Z',
};

/** @param tenant whose it is when it is not everybody's */
export function toProvider(provider: UpstreamProvider, tenant: Tenant, registration: ProviderRegistration) {
  const { configured, createdAt, updatedAt } = provider;
  return {
    ...settingsOf(provider, provider.tenantId && tenant.slug),
    default_role: provider.roles.fallback ?? null,
    has_secret: provider.sealedSecret !== undefined,
    ...registration,
    configured,
    created_at: configured ? null : createdAt.toISOString(),
    updated_at: configured ? null : updatedAt.toISOString(),
  };
}
