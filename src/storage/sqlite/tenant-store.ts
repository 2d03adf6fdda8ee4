import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { Connection, Statement, Values } from './connection.ts';
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
  const one = (statement: Statement<TenantRow>, values: Values): Tenant | undefined => {
    const row = statement.get(values);
    return row ? toTenant(row) : undefined;
  };

  return {
    async create(tenant) {
      await connection.change(insert, fromTenant(tenant)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => connection.read(() => one(byId, { id })),
    findBySlug: (slug) => connection.read(() => one(bySlug, { slug })),
    list: () => connection.read(() => all.all().map(toTenant)),
  };
}

function fromTenant(tenant: Tenant) {
  return { id: tenant.id, slug: tenant.slug, name: tenant.name, created_at: tenant.createdAt.getTime() };
}

function toTenant(row: TenantRow): Tenant {
  return { id: tenantId(row.id), slug: row.slug, name: row.name, createdAt: new Date(row.created_at) };
}
