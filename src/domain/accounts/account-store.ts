import type { Page } from '../page.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Account, AccountId, LoginKey } from './account.ts';

export interface AccountStore {
  /** Throws AlreadyExistsError naming `id`, `email` or `username` when that is taken in the instance (by login key). */
  create(account: Account): Promise<void>;
  find(tenant: TenantId, id: AccountId): Promise<Account | undefined>;
  /** By `sub` alone, for the engine: a token names its subject, not the tenant. */
  findSubject(id: AccountId): Promise<Account | undefined>;
  /** By the login key of the e-mail, when it holds an @, else of the username. Unique in the instance. */
  findByLogin(key: LoginKey): Promise<Account | undefined>;
  /**
   * Compare-and-swap: `change` is pure and may run more than once; concurrent updates are all applied, one after the other.
   * Undefined when absent. Throws AlreadyExistsError like create.
   */
  update(tenant: TenantId, id: AccountId, change: (old: Account) => Account): Promise<Account | undefined>;
  /** Its authenticator app, recovery codes and links go with it. False when absent in that tenant. */
  remove(tenant: TenantId, id: AccountId): Promise<boolean>;
  /** By id, ascending; every tenant when none is given. */
  list(tenant: TenantId | undefined, page: Page): Promise<readonly Account[]>;
  /** Whether any account, disabled ones included, is a super-administrator. */
  hasSuperAdministrator(): Promise<boolean>;
}
