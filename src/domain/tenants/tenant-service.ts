import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, NotFoundError } from '../errors.ts';
import { checkAddresses } from '../limits/address.ts';
import { type NewTenant, newTenant, parseTenantName, type Tenant, tenantId } from './tenant.ts';
import type { TenantStore } from './tenant-store.ts';

export interface TenantService {
  /** The tenant with this slug, made now if there is none. */
  ensure(input: NewTenant, origin: Origin): Promise<Tenant>;
  /** @throws InvalidValueError naming the field, AlreadyExistsError */
  create(input: NewTenant, origin: Origin): Promise<Tenant>;
  /** By slug or id. @throws NotFoundError */
  resolve(slugOrId: string): Promise<Tenant>;
  /**
   * A disabled tenant is refused wherever it is looked up: none of its people sign in, none of its clients and tokens work until it is enabled again.
   * @throws InvalidValueError naming the field
   */
  update(tenant: Tenant, change: TenantChange, origin: Origin): Promise<Tenant>;
}

export type TenantChange = Partial<Pick<Tenant, 'name' | 'disabled' | 'registrationOpen' | 'allowedAddresses'>>;

export function createTenantService({ tenants, audit, clock }: { tenants: TenantStore; audit: Audit; clock: Clock }): TenantService {
  async function create(input: NewTenant, origin: Origin): Promise<Tenant> {
    const tenant = newTenant(input, clock(), randomUUID());
    await tenants.create(tenant);
    await audit.record({ type: 'tenant.created', origin, tenantId: tenant.id, detail: { slug: tenant.slug } });
    return tenant;
  }

  return {
    create,
    async ensure(input, origin) {
      const present = await tenants.findBySlug(input.slug);
      if (present) return present;
      try {
        return await create(input, origin);
      } catch (error) {
        const first = error instanceof AlreadyExistsError ? await tenants.findBySlug(input.slug) : undefined;
        if (!first) throw error;
        return first;
      }
    },
    async update(tenant, change, origin) {
      const given = {
        ...change,
        ...(change.name !== undefined && { name: parseTenantName(change.name) }),
        ...(change.allowedAddresses !== undefined && { allowedAddresses: checkAddresses(change.allowedAddresses) }),
      };
      const changed = await tenants.update(tenant.id, (old) => ({ ...old, ...given }));
      if (!changed) throw new NotFoundError('This tenant was removed in the meantime.');
      await audit.record({ type: 'tenant.changed', origin, tenantId: tenant.id, detail: { ...given } });
      return changed;
    },
    async resolve(slugOrId) {
      const tenant = (await tenants.findBySlug(slugOrId)) ?? (await tenants.find(tenantId(slugOrId)));
      if (tenant) return tenant;
      const known = (await tenants.list()).map(({ slug }) => slug).join(', ');
      throw new NotFoundError(`There is no tenant “${slugOrId}”. Known: ${known}.`);
    },
  };
}
