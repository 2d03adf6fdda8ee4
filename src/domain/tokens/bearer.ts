import type { Account } from '../accounts/account.ts';
import type { Client } from '../clients/client.ts';
import type { Tenant } from '../tenants/tenant.ts';
import type { HouseToken, HouseTokenKind } from './house-token.ts';

/** Whoever presents a good token, and what they may do with it right now. */
export interface Bearer {
  readonly kind: HouseTokenKind | 'AccessToken';
  /** Undefined: a service acts for itself (client_credentials). */
  readonly account: Account | undefined;
  /** Undefined: the person got the token from us, with their own password. Else it is a third party's. */
  readonly client: Client | undefined;
  readonly tenant: Tenant;
  /** API scopes: what the token carries and its person or client may hand over at this moment, whichever is less. */
  readonly scopes: ReadonlySet<string>;
  /** Their role asks for a second factor that was not proved for this token: until it is, the token is good for setting one up. */
  readonly owesSecondFactor: boolean;
  /** Undefined for a token of the OAuth engine. */
  readonly token: HouseToken | undefined;
  readonly expiresAt: Date;
}

/** An access token of the OAuth engine, whose record, grant, person and client were all found alive. */
export interface OauthToken {
  readonly account: Account | undefined;
  readonly client: Client;
  /** As granted. */
  readonly scopes: readonly string[];
  /** Two factors were proved at the sign-in it came of. */
  readonly secondFactor: boolean;
  readonly expiresAt: Date;
}

/** Port: how the engine's tokens are found without the engine. Undefined when unknown, over, ended or anything but an access token. */
export type FindOauthToken = (value: string) => Promise<OauthToken | undefined>;

/** Why a token is not let in. `address`: it may not be used from where the request came. */
export type Refused = 'invalid' | 'expired' | 'address';
