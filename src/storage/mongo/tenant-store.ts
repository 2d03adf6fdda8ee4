import { type Connection, Schema } from 'mongoose';
import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

interface TenantDocument {
  readonly _id: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
}

const SCHEMA = new Schema<TenantDocument>(
  {
    _id: { type: String, required: true },
    slug: { type: String, required: true },
    name: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', slug: 'slug' };

export function createTenantStore(connection: Connection): TenantStore {
  const tenants = connection.model('tenants', SCHEMA, 'tenants');
  const one = async (filter: { readonly _id: string } | { readonly slug: string }) => {
    const document = await tenants.findOne(filter).lean<TenantDocument>();
    return document ? toTenant(document) : undefined;
  };

  return {
    async create(tenant) {
      await tenants.create(fromTenant(tenant)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => one({ _id: id }),
    findBySlug: (slug) => one({ slug }),
    async list() {
      return (await tenants.find().sort({ createdAt: 1, _id: 1 }).lean<TenantDocument[]>()).map(toTenant);
    },
  };
}

function fromTenant(tenant: Tenant): TenantDocument {
  return { _id: tenant.id, slug: tenant.slug, name: tenant.name, createdAt: tenant.createdAt };
}

function toTenant(document: TenantDocument): Tenant {
  return { id: tenantId(document._id), slug: document.slug, name: document.name, createdAt: document.createdAt };
}
