import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../domain/accounts/account.ts';

const FIELD = 'credentialVersion';

/**
 * Sessions keep the credential version they began under. Ending a person's sessions removes those that are stored; one that a request
 * is just working on is stored again when that request ends, and a sign-in may wait at its last step. Both are void all the same.
 */
export function keepCredentialVersion(provider: Provider): void {
  const session = provider.Session as unknown as { readonly IN_PAYLOAD: readonly string[] };
  const fields = [...session.IN_PAYLOAD, FIELD];
  Object.defineProperty(session, 'IN_PAYLOAD', { get: () => fields });
}

/** Whether this browser's session began under the credentials the person has now. A sign-in that ends with this request begins it. */
export function isCurrent(ctx: KoaContextWithOIDC, person: Account): boolean {
  const session = ctx.oidc.session as unknown as { [FIELD]?: unknown } | undefined;
  if (!session) return true;
  const login = ctx.oidc.result?.login;
  if (login) session[FIELD] = login[FIELD];
  return session[FIELD] === person.credentialVersion;
}
