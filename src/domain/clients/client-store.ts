import type { Page } from '../page.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Client, ClientId } from './client.ts';

export interface ClientStore {
  /** Throws AlreadyExistsError when the id is taken in the instance. */
  create(client: Client): Promise<void>;
  /** By client_id alone: a request names its client, not the tenant. */
  find(id: ClientId): Promise<Client | undefined>;
  /** Compare-and-swap like AccountStore.update. Undefined when absent in that tenant. */
  update(tenant: TenantId, id: ClientId, change: (old: Client) => Client): Promise<Client | undefined>;
  /** False when absent in that tenant. */
  remove(tenant: TenantId, id: ClientId): Promise<boolean>;
  /** By id, ascending; every tenant when none is given. */
  list(tenant: TenantId | undefined, page: Page): Promise<readonly Client[]>;
}
