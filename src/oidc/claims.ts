import type { Configuration, Account as EngineAccount, KoaContextWithOIDC } from 'oidc-provider';
import { type Account, accountId, nameOf } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { epochSeconds } from '../lib/clock.ts';
import type { ClientExtras } from './client-view.ts';

/** The engine's account with the person it stands for. */
export interface EnginePerson extends EngineAccount {
  readonly person: Account;
}

export function personOf(account: EngineAccount | undefined): Account | undefined {
  return (account as EnginePerson | undefined)?.person;
}

/** Claims by scope (OpenID Connect Core 5.4); those of `openid` are in every ID token. */
export const CLAIMS: NonNullable<Configuration['claims']> = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  acr: null,
  auth_time: null,
  profile: ['name', 'preferred_username', 'updated_at', 'tenant_id', 'role'],
  email: ['email', 'email_verified'],
};

/** undefined for people who are gone or disabled: then every grant, userinfo and session of theirs fails at once. */
export async function findPerson(accounts: AccountStore, sub: string): Promise<EnginePerson | undefined> {
  const person = await accounts.findSubject(accountId(sub));
  if (!person || person.disabled) return undefined;
  return {
    accountId: person.id,
    person,
    claims: async () => ({
      sub: person.id,
      name: nameOf(person),
      preferred_username: person.username ?? person.email,
      updated_at: epochSeconds(person.updatedAt),
      tenant_id: person.tenantId,
      role: person.role,
      email: person.email,
      email_verified: person.emailVerified,
    }),
  };
}

/** What access tokens say beyond RFC 9068's own claims; also what introspection answers. */
export async function accessTokenClaims(
  accounts: AccountStore,
  ctx: KoaContextWithOIDC | undefined,
  token: { kind: string; accountId?: string; client?: unknown },
): Promise<Record<string, unknown>> {
  if (token.kind !== 'AccessToken' || !token.accountId) return { tenant_id: (token.client as ClientExtras | undefined)?.tenant_id };
  const person = personOf(ctx?.oidc.account) ?? (await accounts.findSubject(accountId(token.accountId)));
  const source = ctx?.oidc.entities.AuthorizationCode ?? ctx?.oidc.entities.RefreshToken;
  return {
    tenant_id: person?.tenantId,
    role: person?.role,
    email: person?.email,
    acr: source?.acr,
    amr: source?.amr,
    auth_time: source?.authTime,
  };
}
