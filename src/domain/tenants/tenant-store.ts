import type { Tenant, TenantId } from './tenant.ts';

export interface TenantStore {
  /** Throws AlreadyExistsError when the id or the slug is taken. */
  create(tenant: Tenant): Promise<void>;
  find(id: TenantId): Promise<Tenant | undefined>;
  findBySlug(slug: string): Promise<Tenant | undefined>;
  /** Compare-and-swap like AccountStore.update. Undefined when absent. Id, slug and time of creation stay. */
  update(id: TenantId, change: (old: Tenant) => Tenant): Promise<Tenant | undefined>;
  /** Oldest first. */
  list(): Promise<readonly Tenant[]>;
}
