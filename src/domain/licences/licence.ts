import type { Brand } from '../../lib/brand.ts';
import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';

/** A UUID. */
export type LicenceId = Brand<'LicenceId'>;

/** What was agreed on, and what it gives. */
export interface Agreement {
  readonly kind: string;
  readonly name: string;
  /** Names of features. */
  readonly provides: readonly string[];
  readonly publishedAt: Date;
}

/** A tenant's right to use something for a time, on one device or on any. */
export interface Licence {
  readonly id: LicenceId;
  readonly tenantId: TenantId;
  /** Unique in the instance. */
  readonly key: string;
  readonly agreement: Agreement;
  readonly startsAt: Date;
  readonly expiresAt: Date;
  /** A UUID; undefined: any device. */
  readonly deviceId: string | undefined;
  /** In hundredths of the currency. */
  readonly amountPerMonth: number;
  /** Basis points: 100 are one per cent. */
  readonly discountBasisPoints: number;
  readonly catalogueIds: readonly string[];
  readonly paidUntil: Date | undefined;
  /** Who signed the agreement, and when. */
  readonly signedBy: AccountId | undefined;
  readonly signedAt: Date | undefined;
  readonly createdAt: Date;
}

export function licenceId(value: string): LicenceId {
  return value as LicenceId;
}
