import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, NotFoundError } from '../errors.ts';
import { newTenant, type Tenant, tenantId } from './tenant.ts';
import type { TenantStore } from './tenant-store.ts';

export interface TenantService {
  /** The tenant with this slug, made now if there is none. */
  ensure(input: { slug: string; name: string }, origin: Origin): Promise<Tenant>;
  /** By slug or id. @throws NotFoundError */
  resolve(slugOrId: string): Promise<Tenant>;
}

export function createTenantService({ tenants, audit, clock }: { tenants: TenantStore; audit: Audit; clock: Clock }): TenantService {
  return {
    async ensure(input, origin) {
      const present = await tenants.findBySlug(input.slug);
      if (present) return present;
      const tenant = newTenant(input, clock(), randomUUID());
      try {
        await tenants.create(tenant);
      } catch (error) {
        const first = error instanceof AlreadyExistsError ? await tenants.findBySlug(input.slug) : undefined;
        if (!first) throw error;
        return first;
      }
      await audit.record({ type: 'tenant.created', origin, tenantId: tenant.id, detail: { slug: tenant.slug } });
      return tenant;
    },
    async resolve(slugOrId) {
      const tenant = (await tenants.findBySlug(slugOrId)) ?? (await tenants.find(tenantId(slugOrId)));
      if (tenant) return tenant;
      const known = (await tenants.list()).map(({ slug }) => slug).join(', ');
      throw new NotFoundError(`There is no tenant “${slugOrId}”. Known: ${known}.`);
    },
  };
}
