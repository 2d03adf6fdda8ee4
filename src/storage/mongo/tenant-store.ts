import { type Connection, Schema } from 'mongoose';
import { type Tenant, tenantId } from '../../domain/tenants/tenant.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';
import { type CompareAndSwap, LOST } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

/** What stands behind a version may be missing in documents that are older than it. */
interface TenantDocument {
  readonly _id: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Version 2, and what follows it. */
  readonly disabled?: boolean;
  readonly registrationOpen?: boolean;
  readonly allowedAddresses?: readonly string[];
  /** Counts up with every change. */
  readonly revision?: number;
}

const SCHEMA = new Schema<TenantDocument>(
  {
    _id: { type: String, required: true },
    slug: { type: String, required: true },
    name: { type: String, required: true },
    disabled: { type: Boolean, required: true },
    registrationOpen: { type: Boolean, required: true },
    allowedAddresses: [String],
    revision: { type: Number, required: true },
    createdAt: { type: Date, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', slug: 'slug' };

export function createTenantStore(connection: Connection, compareAndSwap: CompareAndSwap): TenantStore {
  const tenants = connection.model('tenants', SCHEMA, 'tenants');
  const one = async (filter: { readonly _id: string } | { readonly slug: string }) => {
    const document = await tenants.findOne(filter).lean<TenantDocument>();
    return document ? toTenant(document) : undefined;
  };

  return {
    async create(tenant) {
      await tenants.create(fromTenant(tenant, 0)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => one({ _id: id }),
    findBySlug: (slug) => one({ slug }),
    update(id, change) {
      return compareAndSwap(id, async () => {
        const document = await tenants.findOne({ _id: id }).lean<TenantDocument>();
        if (!document) return undefined;
        const old = toTenant(document);
        const kept = { id: old.id, slug: old.slug, createdAt: old.createdAt };
        const next = fromTenant({ ...change(old), ...kept }, (document.revision ?? 0) + 1);
        // null also finds a document without the field.
        const { matchedCount } = await tenants.replaceOne({ _id: id, revision: document.revision ?? null }, next);
        return matchedCount === 1 ? toTenant(next) : LOST;
      });
    },
    async list() {
      return (await tenants.find().sort({ createdAt: 1, _id: 1 }).lean<TenantDocument[]>()).map(toTenant);
    },
  };
}

function fromTenant(tenant: Tenant, revision: number): TenantDocument {
  return {
    _id: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    disabled: tenant.disabled,
    registrationOpen: tenant.registrationOpen,
    allowedAddresses: tenant.allowedAddresses,
    revision,
    createdAt: tenant.createdAt,
  };
}

function toTenant(document: TenantDocument): Tenant {
  return {
    id: tenantId(document._id),
    slug: document.slug,
    name: document.name,
    disabled: document.disabled ?? false,
    registrationOpen: document.registrationOpen ?? false,
    allowedAddresses: document.allowedAddresses ?? [],
    createdAt: document.createdAt,
  };
}
