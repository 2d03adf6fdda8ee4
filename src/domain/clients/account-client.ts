import type { Tenant } from '../tenants/tenant.ts';
import { type Client, type ClientId, clientId } from './client.ts';

/** No id that is made up for a client has a colon. */
const PREFIX = 'gatehouse:account:';

export function accountClientId({ slug }: Pick<Tenant, 'slug'>): ClientId {
  return clientId(`${PREFIX}${slug}`);
}

/** Whether this client is a person's own pages. */
export function isAccountClient(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** The slug of the tenant whose people's pages these are. */
export function tenantOfAccountClient(id: string): string | undefined {
  return isAccountClient(id) ? id.slice(PREFIX.length) : undefined;
}

/** Where a person of this tenant sees and changes how they sign in: a path. */
export function waysPath({ slug }: Pick<Tenant, 'slug'>): string {
  return `/account/${slug}/sign-in`;
}

/**
 * What a person's own pages are to the engine, so that they have people signed in as any application does. All it ever gets is the browser back: no
 * code, no token (OAuth 2.0 Multiple Response Type Encoding Practices 4, none). It has no secret, so nobody can authenticate as it.
 */
export function accountClient(tenant: Tenant, issuer: string): Client {
  const page = `${issuer}${waysPath(tenant)}`;
  return {
    id: accountClientId(tenant),
    tenantId: tenant.id,
    name: 'Your account',
    type: 'web',
    verified: true,
    disabled: false,
    redirectUris: [page],
    postLogoutRedirectUris: [],
    scopes: [],
    requirePkce: true,
    refreshWithoutOfflineAccess: false,
    allowedOrigins: [],
    allowedAddresses: [],
    secrets: [],
    metadata: { response_types: ['none'], grant_types: [], scope: 'openid', client_uri: page },
    createdAt: tenant.createdAt,
    updatedAt: tenant.createdAt,
  };
}
