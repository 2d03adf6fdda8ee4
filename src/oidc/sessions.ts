import type Provider from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Account } from '../domain/accounts/account.ts';

/** How long a session may last is decided by these of its fields. */
export interface SessionTerm {
  readonly accountId?: string | undefined;
  /** When the person signed in, in seconds since the epoch. */
  readonly loginTs?: number | undefined;
  /** Not to be kept when the browser closes. */
  readonly transient?: boolean | undefined;
}

/** Seconds. */
export interface SessionLifetimes {
  readonly session_idle: number;
  readonly session_absolute: number;
  readonly remembered_session: number;
}

/** Seconds until the session ends when it is not used, and until it ends in any case, which is below 1 once it has. */
export function termOf(session: SessionTerm, lifetimes: SessionLifetimes, now: number): { readonly idle: number; readonly left: number } {
  const remembered = session.accountId !== undefined && session.transient !== true;
  const absolute = remembered ? lifetimes.remembered_session : lifetimes.session_absolute;
  return {
    idle: remembered ? lifetimes.remembered_session : lifetimes.session_idle,
    left: (session.loginTs ?? now) + absolute - now,
  };
}

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
