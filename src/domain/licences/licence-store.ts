import type { TenantId } from '../tenants/tenant.ts';
import type { Licence, LicenceId } from './licence.ts';

export const LICENCE_ORDERS = ['agreementName', 'key', 'startsAt', 'expiresAt'] as const;

export type LicenceOrder = (typeof LICENCE_ORDERS)[number];

/** All that is given has to fit. */
export interface LicenceQuery {
  /** Stands somewhere in key, agreement name or agreement kind, whatever the case; ASCII letters at least. Nothing in it is a wildcard. */
  readonly text?: string | undefined;
  readonly deviceId?: string | undefined;
  /** Of the agreement; the whole of it. */
  readonly kind?: string | undefined;
  /** Of the agreement; the whole of it. */
  readonly agreementName?: string | undefined;
  /** The first one decides; what is equal in all of them goes by id. Texts go by their code points. */
  readonly orderBy: readonly { readonly field: LicenceOrder; readonly descending: boolean }[];
  readonly offset: number;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface LicenceStore {
  /** Throws AlreadyExistsError naming `id` or `key` when that is taken in the instance. */
  create(licence: Licence): Promise<void>;
  find(tenant: TenantId, id: LicenceId): Promise<Licence | undefined>;
  list(tenant: TenantId, query: LicenceQuery): Promise<readonly Licence[]>;
  /** False when absent in that tenant. */
  remove(tenant: TenantId, id: LicenceId): Promise<boolean>;
}
