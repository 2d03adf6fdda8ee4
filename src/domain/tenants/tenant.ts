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
  /** Nobody of it signs in, and no token or client of it is good for anything. */
  readonly disabled: boolean;
  /** Whether strangers can make themselves an account (POST /user). */
  readonly registrationOpen: boolean;
  /** Addresses and CIDR blocks its API calls may come from; empty: anywhere. */
  readonly allowedAddresses: readonly string[];
  readonly createdAt: Date;
}

export function tenantId(value: string): TenantId {
  return value as TenantId;
}

export interface NewTenant {
  readonly slug: string;
  readonly name: string;
  /** Closed unless told. */
  readonly registrationOpen?: boolean;
}

/** @throws InvalidValueError */
export function parseTenantName(value: string): string {
  const name = value.normalize('NFC').trim();
  if (name.length === 0 || name.length > 60 || /\p{Cc}/u.test(name))
    throw new InvalidValueError('name', 'A tenant’s name has 1 to 60 characters on one line.');
  return name;
}

/** @throws InvalidValueError */
export function newTenant(input: NewTenant, now: Date, id: string): Tenant {
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(input.slug)) {
    throw new InvalidValueError('slug', 'A tenant’s short name has 1 to 40 characters: a-z, 0-9 and dashes between them.');
  }
  return {
    id: tenantId(id),
    slug: input.slug,
    name: parseTenantName(input.name),
    disabled: false,
    registrationOpen: input.registrationOpen ?? false,
    allowedAddresses: [],
    createdAt: now,
  };
}
