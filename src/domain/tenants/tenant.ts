import type { Brand } from '../../lib/brand.ts';
import { InvalidValueError } from '../errors.ts';

export type TenantId = Brand<'TenantId'>;

/** An organisation: people, clients and everything they own belong to exactly one. */
export interface Tenant {
  readonly id: TenantId;
  /** Unique short name for the command line and links: a-z, 0-9 and dashes. */
  readonly slug: string;
  /** Shown on pages, at most 60 characters. */
  readonly name: string;
  readonly createdAt: Date;
}

export function tenantId(value: string): TenantId {
  return value as TenantId;
}

export function newTenant(input: { slug: string; name: string }, now: Date, id: string): Tenant {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(input.slug)) {
    throw new InvalidValueError('slug', 'A tenant’s short name has 1 to 40 characters: a-z, 0-9 and dashes between them.');
  }
  const name = input.name.normalize('NFC').trim();
  if (name.length === 0 || name.length > 60) throw new InvalidValueError('name', 'A tenant’s name has 1 to 60 characters.');
  return { id: tenantId(id), slug: input.slug, name, createdAt: now };
}
