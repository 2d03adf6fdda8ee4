import { type AccountId, accountId } from '../accounts/account.ts';
import { type ClientId, clientId } from '../clients/client.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Artifact } from './artifact-store.ts';
import { HOUSE_TOKEN_KINDS, type HouseToken, type HouseTokenKind } from './house-token.ts';

/** Tokens of the OAuth engine: a person's access token, a service's, and what gets new ones. */
export const ENGINE_TOKEN_KINDS = ['AccessToken', 'ClientCredentials', 'RefreshToken'] as const;

export type EngineTokenKind = (typeof ENGINE_TOKEN_KINDS)[number];

/** A token as whoever looks after the house sees it. Nothing here helps anybody to use it. */
export interface TokenEntry {
  readonly kind: EngineTokenKind | HouseTokenKind;
  /** Of a token of the REST surfaces its UUID; of the engine's the digest it is stored under. It stays as long as the token lives. */
  readonly id: string;
  /** Undefined: a service acts for itself. */
  readonly accountId: AccountId | undefined;
  /** Undefined: the person got it from us. */
  readonly clientId: ClientId | undefined;
  /** Undefined: that of its account or client. */
  readonly tenantId: TenantId | undefined;
  /** Undefined: all that its person may do. */
  readonly scopes: readonly string[] | undefined;
  /** The grant or family it hangs on; undefined: none. */
  readonly grant: string | undefined;
  /** Of a private token. */
  readonly name: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** Of a private token, to the minute; undefined: never, or not known. */
  readonly lastUsedAt: Date | undefined;
}

export function isOfHouse(kind: TokenEntry['kind']): kind is HouseTokenKind {
  return (HOUSE_TOKEN_KINDS as readonly string[]).includes(kind);
}

export function entryOfHouse(token: HouseToken): TokenEntry {
  const { kind, id, accountId, clientId, tenantId, scopes, family, name, issuedAt, expiresAt } = token;
  return { kind, id, accountId, clientId, tenantId, scopes, grant: family, name, issuedAt, expiresAt, lastUsedAt: undefined };
}

export function entryOfEngine(kind: EngineTokenKind, id: string, { payload, ...names }: Artifact): TokenEntry {
  const { scope, iat, exp } = payload;
  return {
    kind,
    id,
    accountId: names.accountId === undefined ? undefined : accountId(names.accountId),
    clientId: names.clientId === undefined ? undefined : clientId(names.clientId),
    tenantId: undefined,
    scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
    grant: names.grantId,
    name: undefined,
    issuedAt: new Date(Number(iat) * 1000),
    expiresAt: new Date(Number(exp) * 1000),
    lastUsedAt: undefined,
  };
}
