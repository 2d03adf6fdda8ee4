import type { Client as EngineClient } from 'oidc-provider';
import { accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { extrasOf } from './resources.ts';

/**
 * Who may introspect (RFC 7662) or revoke (RFC 7009) a token: the client it was issued to, and a service of the same tenant that may do
 * everything there. To anybody else, and for people who are disabled, the token does not exist.
 */
export async function mayInspect(
  client: EngineClient,
  token: { clientId?: string | undefined; accountId?: string | undefined },
  stores: { accounts: AccountStore; clients: ClientStore },
): Promise<boolean> {
  if (token.accountId) {
    const person = await stores.accounts.findSubject(accountId(token.accountId));
    if (!person || person.disabled) return false;
  }
  if (token.clientId === client.clientId) return true;
  const owner = token.clientId === undefined ? undefined : await stores.clients.find(clientId(token.clientId));
  const { tenant_id, api_scopes } = extrasOf(client);
  return owner?.tenantId === tenant_id && client.grantTypeAllowed('client_credentials') && api_scopes.includes('admin:all');
}
