import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';

/** A confirmed authenticator app. */
export interface TotpFactor {
  readonly accountId: AccountId;
  /** Base32 secret, sealed under the master key with the account's id as its record. */
  readonly sealedSecret: string;
  /** The last time step (RFC 6238 T) that was accepted; it and all before it are used up. */
  readonly lastStep: number;
  readonly confirmedAt: Date;
}

export interface MfaStore {
  /**
   * Atomic: inserts the factor and its recovery codes (digests) in one act. False when the account has a factor already, and then nothing changes.
   * One winner under any concurrency.
   */
  enrol(tenant: TenantId, factor: TotpFactor, recoveryDigests: readonly string[]): Promise<boolean>;
  find(tenant: TenantId, account: AccountId): Promise<TotpFactor | undefined>;
  /** Atomic: true, and stored, only when `step` is later than every step accepted before. One winner under any concurrency. */
  acceptStep(tenant: TenantId, account: AccountId, step: number): Promise<boolean>;
  /** Atomic: removes the code; true for exactly one caller. */
  useRecoveryCode(tenant: TenantId, account: AccountId, digest: string): Promise<boolean>;
  countRecoveryCodes(tenant: TenantId, account: AccountId): Promise<number>;
  /** Removes factor and codes; false when there was none. */
  remove(tenant: TenantId, account: AccountId): Promise<boolean>;
}
