import type { Brand } from '../../lib/brand.ts';
import type { AccountId } from '../accounts/account.ts';
import type { ClientId } from '../clients/client.ts';
import type { TenantId } from '../tenants/tenant.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What the REST surfaces issue, beside the tokens of the OAuth engine; each is an artifact of this kind under the digest of its value. */
export const HOUSE_TOKEN_KINDS = [
  'LoginToken',
  'ShortToken',
  'PrivateToken',
  'SessionToken',
  'CloudAccessToken',
  'CloudRefreshToken',
] as const;

export type HouseTokenKind = (typeof HOUSE_TOKEN_KINDS)[number];

/** Seconds, as the documentation of each surface promises. A private token lives as long as it was asked to, a cloud access token as long as any access token. */
export const TOKEN_SECONDS = {
  LoginToken: DAY,
  ShortToken: HOUR,
  SessionToken: DAY,
  CloudRefreshToken: 12 * HOUR,
  keptCloudRefreshToken: 30 * DAY,
} as const;

/** SHA-256 of the token's value. */
export type TokenDigest = Brand<'TokenDigest'>;

export interface HouseToken {
  readonly kind: HouseTokenKind;
  readonly digest: TokenDigest;
  /** A UUID that says nothing of the value; it stays when a private token is rotated. */
  readonly id: string;
  readonly accountId: AccountId;
  readonly tenantId: TenantId;
  /** Tokens of one family end together: the pair of the cloud API, and what came of refreshing it. */
  readonly family: string;
  /** The client that got it for its person (RFC 6749): then it is a third party's, with no more than `scopes`. */
  readonly clientId: ClientId | undefined;
  /** Undefined: whatever the person may do at the time of use. */
  readonly scopes: readonly string[] | undefined;
  /** Two factors were proved for it. */
  readonly secondFactor: boolean;
  /** Of a private token, given by its owner. */
  readonly name: string | undefined;
  /** Of a cloud refresh token: the person wants to stay signed in. */
  readonly keptLoggedIn: boolean;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}
