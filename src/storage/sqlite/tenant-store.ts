import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { Connection } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

interface TenantRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly created_at: number;
}

const UNIQUE_FIELDS = { 'tenants.id': 'id', 'tenants.slug': 'slug' };

export function createTenantStore(connection: Connection): TenantStore {
  const insert = connection.statement('INSERT INTO tenants (id, slug, name, created_at) VALUES (:id, :slug, :name, :created_at)');
  const byId = connection.statement<TenantRow>('SELECT * FROM tenants WHERE id = :id');
  const bySlug = connection.statement<TenantRow>('SELECT * FROM tenants WHERE slug = :slug');
  const all = connection.statement<TenantRow>('SELECT * FROM tenants ORDER BY created_at, id');

  return {
    async create(tenant) {
      await connection.change(insert, fromTenant(tenant)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => connection.read(() => toTenant(byId.get({ id }))),
    findBySlug: (slug) => connection.read(() => toTenant(bySlug.get({ slug }))),
    list: () => connection.read(() => all.all().map(tenantOf)),
  };
}

function fromTenant(tenant: Tenant) {
  return { id: tenant.id, slug: tenant.slug, name: tenant.name, created_at: tenant.createdAt.getTime() };
}

function toTenant(row: TenantRow | undefined): Tenant | undefined {
  return row && tenantOf(row);
}

function tenantOf(row: TenantRow): Tenant {
  return { id: tenantId(row.id), slug: row.slug, name: row.name, createdAt: new Date(row.created_at) };
}
