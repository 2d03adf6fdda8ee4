import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';

/**
 * A sign-in between the password and the end: the password was right, a second proof is still owed.
 * It is good for nothing else and lives for minutes.
 */
export interface LoginChallenge {
  /** Opaque to the store, unguessable: the caller stores sha-256 of whatever it hands out. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly accountId: AccountId;
  /** Of the account when the password was checked; void once it has moved on. */
  readonly credentialVersion: number;
  /**
   * `code`: prove an enrolled factor. `enrol`: set one up. `codes`: enrolled just now, recovery codes are being shown.
   * `link`: all is proved, and they are asked whether another provider's account is theirs, too.
   */
  readonly step: 'code' | 'enrol' | 'codes' | 'link';
  readonly remember: boolean;
  /** What the step shows: the TOTP secret on offer, or the new recovery codes. Sealed with the challenge's id as its record. */
  readonly sealedSecret: string | undefined;
  /** How this person proved themselves so far (RFC 8176 values). */
  readonly amr: readonly string[];
  readonly expiresAt: Date;
}

export interface ChallengeStore {
  /** Inserts or replaces; the count of tries goes on when it replaces. */
  put(challenge: LoginChallenge): Promise<void>;
  /** Undefined once expired, whether swept or not. */
  find(id: string, now: Date): Promise<LoginChallenge | undefined>;
  /** Atomic: counts one try, including this one. 0 when there is no such challenge. */
  countTry(id: string, now: Date): Promise<number>;
  /** Exactly one caller gets true. */
  remove(id: string): Promise<boolean>;
}
