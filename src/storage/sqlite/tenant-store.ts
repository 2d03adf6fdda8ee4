import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import type { Connection, Statement, Values } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

interface TenantRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly disabled: number;
  readonly registration_open: number;
  /** A JSON array. */
  readonly allowed_addresses: string;
  readonly created_at: number;
}

const UNIQUE_FIELDS = { 'tenants.id': 'id', 'tenants.slug': 'slug' };

const INSERT = `
INSERT INTO tenants (id, slug, name, disabled, registration_open, allowed_addresses, created_at)
VALUES (:id, :slug, :name, :disabled, :registration_open, :allowed_addresses, :created_at)`;

const UPDATE = `
UPDATE tenants SET name = :name, disabled = :disabled, registration_open = :registration_open, allowed_addresses = :allowed_addresses
WHERE id = :id
RETURNING *`;

export function createTenantStore(connection: Connection): TenantStore {
  const insert = connection.statement(INSERT);
  const update = connection.statement<TenantRow>(UPDATE);
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
    update(id, change) {
      return connection.transaction(() => {
        const old = one(byId, { id });
        if (!old) return undefined;
        const { slug: _slug, created_at: _createdAt, ...changed } = fromTenant({ ...change(old), id });
        return one(update, changed);
      });
    },
    list: () => connection.read(() => all.all().map(toTenant)),
  };
}

function fromTenant(tenant: Tenant): { [Column in keyof TenantRow]: TenantRow[Column] } {
  return {
    id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    disabled: Number(tenant.disabled),
    registration_open: Number(tenant.registrationOpen),
    allowed_addresses: JSON.stringify(tenant.allowedAddresses),
    created_at: tenant.createdAt.getTime(),
  };
}

function toTenant(row: TenantRow): Tenant {
  return {
    id: tenantId(row.id),
    slug: row.slug,
    name: row.name,
    disabled: row.disabled === 1,
    registrationOpen: row.registration_open === 1,
    allowedAddresses: JSON.parse(row.allowed_addresses),
    createdAt: new Date(row.created_at),
  };
}
