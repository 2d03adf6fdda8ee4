import type { Client as EngineClient, KoaContextWithOIDC } from 'oidc-provider';
import { accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { isAllowedAddress } from '../domain/limits/address.ts';
import { isRecordOf, type ShownToken } from './access-tokens.ts';
import { extrasOf } from './resources.ts';

/** Set to the ShownToken where a JWT access token was shown and its `jti` took its place. */
export const JWT_SHOWN = 'jwtShown';

interface Inspection {
  readonly ctx: KoaContextWithOIDC;
  readonly client: EngineClient;
  readonly token: { readonly kind: string; readonly clientId?: string | undefined; readonly accountId?: string | undefined };
}

/**
 * Who may introspect (RFC 7662) or revoke (RFC 7009) a token: the client it was issued to, and a service of the same tenant that may do
 * everything there. To anybody else, and for people and clients who are disabled, the token does not exist. Nor does an access token of which only the
 * `jti` is known: it stands in logs and proves nothing.
 */
export async function mayInspect(
  { ctx, client, token }: Inspection,
  stores: { accounts: AccountStore; clients: ClientStore },
): Promise<boolean> {
  const shown = ctx.state[JWT_SHOWN] as ShownToken | undefined;
  // A JWT stands for its own record alone, whatever the `jti` in it names; anything else for a refresh token alone.
  if (shown ? !isRecordOf(shown, token) : token.kind !== 'RefreshToken') return false;
  if (token.accountId) {
    const person = await stores.accounts.findSubject(accountId(token.accountId));
    if (!person || person.disabled) return false;
  }
  // The client that asks was let in just now, so it is none that is disabled.
  if (token.clientId === client.clientId) return true;
  const owner = token.clientId === undefined ? undefined : await stores.clients.find(clientId(token.clientId));
  if (!owner || owner.disabled) return false;
  return tenantOverseenBy(client, ctx.ip) === owner.tenantId;
}

/** The tenant whose every token is this client's business: it is a service there, may do everything, and comes from where it may. */
export function tenantOverseenBy(client: EngineClient, ip: string): string | undefined {
  const { tenant_id, api_scopes, allowed_addresses } = extrasOf(client);
  const mayAll = client.grantTypeAllowed('client_credentials') && api_scopes.includes('admin:all');
  return mayAll && isAllowedAddress(ip, allowed_addresses) ? tenant_id : undefined;
}
