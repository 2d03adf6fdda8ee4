import type { AccountId } from '../accounts/account.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { FederatedIdentity, IdentityId } from './identity.ts';

/** `last`: it is the only way into the account, and stays. */
export type IdentityRemoval = 'removed' | 'absent' | 'last';

/** What links an account to somebody elsewhere. It ends with its account. */
export interface IdentityStore {
  /**
   * One winner under any concurrency.
   * @throws AlreadyExistsError naming `identity` when that pair of issuer and subject is linked already, to whomever; NotFoundError when the
   * account is gone
   */
  create(identity: FederatedIdentity): Promise<void>;
  find(issuer: string, subject: string): Promise<FederatedIdentity | undefined>;
  /** Label and last sign-in alone change; nothing happens when it is gone. */
  noteSignIn(id: IdentityId, label: string, at: Date): Promise<void>;
  /** Oldest first. */
  list(tenant: TenantId, account: AccountId): Promise<readonly FederatedIdentity[]>;
  /**
   * It goes only if the account has a password, or another identity that is one of `ways`: those that somebody can still sign in with.
   * Under any concurrency one of these is left.
   */
  remove(tenant: TenantId, account: AccountId, id: IdentityId, ways: readonly IdentityId[]): Promise<IdentityRemoval>;
}
