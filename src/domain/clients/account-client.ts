import type { Tenant } from '../tenants/tenant.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';
import { type Client, type ClientId, clientId } from './client.ts';
import type { ClientStore } from './client-store.ts';

/** No id that is made up for a client has a colon. */
const PREFIX = 'gatehouse:account:';

export function accountClientId({ slug }: Pick<Tenant, 'slug'>): ClientId {
  return clientId(`${PREFIX}${slug}`);
}

/** Whether this client is a person's own pages. */
export function isAccountClient(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** Where a person of this tenant sees and changes how they sign in: a path. */
export function waysPath({ slug }: Pick<Tenant, 'slug'>): string {
  return `/account/${slug}/sign-in`;
}

/**
 * What a person's own pages are to the engine, so that they have people signed in as any application does. All it ever gets is the browser back: no
 * code, no token (OAuth 2.0 Multiple Response Type Encoding Practices 4, none). It has no secret, so nobody can authenticate as it.
 */
function accountClient(tenant: Tenant, issuer: string): Client {
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

/**
 * A client store in which each tenant also has the client of its people's own pages. It is stored nowhere: it is in no list, it cannot be changed or
 * removed. A stored one with its id, which ClientService refuses to make, would not be found.
 */
export function withAccountClients(stores: { clients: ClientStore; tenants: TenantStore }, issuer: string): ClientStore {
  const { clients, tenants } = stores;
  return {
    create: (client) => clients.create(client),
    async find(id) {
      if (!isAccountClient(id)) return await clients.find(id);
      const tenant = await tenants.findBySlug(id.slice(PREFIX.length));
      return tenant && accountClient(tenant, issuer);
    },
    update: (...change) => clients.update(...change),
    remove: (...which) => clients.remove(...which),
    list: (...which) => clients.list(...which),
  };
}
