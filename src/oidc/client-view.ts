import type { ClientMetadata, ResponseType } from 'oidc-provider';
import type { Client, ClientSecret } from '../domain/clients/client.ts';

/** Custom properties of clients, as the engine keeps them beside the registered ones. */
export const EXTRA_CLIENT_METADATA = [
  'tenant_id',
  'api_scopes',
  'allowed_origins',
  'allowed_addresses',
  'require_pkce',
  'refresh_without_offline_access',
  'secret_digests',
] as const;

export interface ClientExtras {
  readonly tenant_id: string;
  readonly api_scopes: readonly string[];
  readonly allowed_origins: readonly string[];
  readonly allowed_addresses: readonly string[];
  readonly require_pkce: boolean;
  readonly refresh_without_offline_access: boolean;
  readonly secret_digests: readonly ClientSecret[];
}

/** A client of ours in the words of the engine (OpenID Connect Registration metadata). */
export function toEngineMetadata(client: Client): ClientMetadata & ClientExtras {
  const confidential = client.type === 'web' || client.type === 'service';
  const method = confidential ? (client.metadata.token_endpoint_auth_method ?? 'client_secret_basic') : 'none';
  return {
    ...(client.metadata as Partial<ClientMetadata>),
    client_id: client.id,
    client_name: client.name,
    application_type: client.type === 'native' ? 'native' : 'web',
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    grant_types:
      (client.metadata.grant_types as string[] | undefined) ??
      (client.type === 'service' ? ['client_credentials'] : ['authorization_code', 'refresh_token']),
    response_types: (client.metadata.response_types as ResponseType[] | undefined) ?? (client.type === 'service' ? [] : ['code']),
    token_endpoint_auth_method: method as NonNullable<ClientMetadata['token_endpoint_auth_method']>,
    // The engine wants a secret to be there; it is never compared, digests are (see provider.ts).
    ...(String(method).startsWith('client_secret') ? { client_secret: 'digests-only' } : undefined),
    tenant_id: client.tenantId,
    api_scopes: client.scopes,
    allowed_origins: client.allowedOrigins,
    allowed_addresses: client.allowedAddresses,
    require_pkce: client.requirePkce,
    refresh_without_offline_access: client.refreshWithoutOfflineAccess,
    secret_digests: client.secrets,
  };
}
