import { type Account, accountId } from '../../domain/accounts/account.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import { TroubleError } from './trouble.ts';

/** A person of the caller's tenant. Another tenant's is like none. @throws TroubleError */
export async function accountInTenant(accounts: AccountStore, { tenant }: Bearer, id: string): Promise<Account> {
  const user = await accounts.find(tenant.id, accountId(id));
  if (!user) throw new TroubleError({ kind: 'not_found', message: `There is no user ${id} in your organisation.` });
  return user;
}

/** One whom the caller may change. @throws TroubleError */
export async function managedAccount(accounts: AccountStore, bearer: Bearer, id: string): Promise<Account> {
  const user = await accountInTenant(accounts, bearer, id);
  const { account, client } = bearer;
  // What an application was allowed to do is the work of an administrator, never that of a super-administrator.
  if (user.superAdministrator && (client || !account?.superAdministrator))
    throw new TroubleError({ kind: 'forbidden', message: 'Only a super-administrator changes a super-administrator.' });
  return user;
}
