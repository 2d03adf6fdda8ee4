import { accountClient, tenantOfAccountClient } from '../domain/clients/account-client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import type { TenantStore } from '../domain/tenants/tenant-store.ts';

/**
 * A client store in which each tenant also has the client of its people's own pages. It is stored nowhere: it is in no list, and it cannot be changed or
 * removed. A stored one with its id, which ClientService refuses to make, would not be found.
 */
export function withAccountClients({ clients, tenants }: { clients: ClientStore; tenants: TenantStore }, issuer: string): ClientStore {
  return {
    ...clients,
    async find(id) {
      const slug = tenantOfAccountClient(id);
      if (slug === undefined) return await clients.find(id);
      const tenant = await tenants.findBySlug(slug);
      return tenant && accountClient(tenant, issuer);
    },
  };
}
