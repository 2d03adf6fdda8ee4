import type { Brand } from '../../lib/brand.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { TenantId } from '../tenants/tenant.ts';

/** The `client_id` of RFC 6749, unique in the instance. */
export type ClientId = Brand<'ClientId'>;

export const CLIENT_TYPES = ['web', 'spa', 'native', 'service'] as const;

/** web: keeps a secret on a server. spa: runs in the browser. native: on a device. service: no person, client_credentials only. */
export type ClientType = (typeof CLIENT_TYPES)[number];

export interface ClientSecret {
  /** Shown in lists to tell two secrets apart. */
  readonly id: string;
  /** sha-256 of 256 random bits. */
  readonly digest: string;
  readonly createdAt: Date;
  /** Undefined: until it is removed. */
  readonly expiresAt: Date | undefined;
}

/** An application that may ask for tokens: a relying party (OpenID Connect) or client (RFC 6749). */
export interface Client {
  readonly id: ClientId;
  readonly tenantId: TenantId;
  readonly name: string;
  readonly type: ClientType;
  /** An administrator vouches for who is behind it; the consent page says so. */
  readonly verified: boolean;
  readonly disabled: boolean;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** API scopes it may ask for (a person's role narrows them further); for a service, what it was granted. */
  readonly scopes: readonly string[];
  /** PKCE (RFC 7636). Always true for spa and native. */
  readonly requirePkce: boolean;
  /** Refresh tokens without offline_access. */
  readonly refreshWithoutOfflineAccess: boolean;
  /** Browser origins that may read token, userinfo and revocation answers. */
  readonly allowedOrigins: readonly string[];
  /** Addresses and CIDR blocks a service may come from, for tokens and with them; empty: anywhere. Only services have any. */
  readonly allowedAddresses: readonly string[];
  /** At most two live at once: the old one goes on working during a change. Empty for spa, native, and key-based authentication. */
  readonly secrets: readonly ClientSecret[];
  /** Further RFC 7591 metadata, in its snake_case, from the fields in client-metadata.ts. */
  readonly metadata: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function clientId(value: string): ClientId {
  return value as ClientId;
}
