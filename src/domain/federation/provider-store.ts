import type { TenantId } from '../tenants/tenant.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

/** Providers that were made by command or API; those of the configuration are not stored. */
export interface ProviderStore {
  /** Throws AlreadyExistsError naming `id` when that is taken. */
  create(provider: UpstreamProvider): Promise<void>;
  find(id: ProviderId): Promise<UpstreamProvider | undefined>;
  /** Compare-and-swap like AccountStore.update; id, tenant and time of creation stay. Undefined when absent. */
  update(id: ProviderId, change: (old: UpstreamProvider) => UpstreamProvider): Promise<UpstreamProvider | undefined>;
  /** False when absent, or of another tenant by now. */
  remove(provider: Pick<UpstreamProvider, 'id' | 'tenantId'>): Promise<boolean>;
  /** Those of this tenant and those for everybody; of undefined: all. Oldest first. */
  list(tenant?: TenantId): Promise<readonly UpstreamProvider[]>;
}
