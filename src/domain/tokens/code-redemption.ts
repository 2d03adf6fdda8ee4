import type { Account } from '../accounts/account.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { Client } from '../clients/client.ts';

/** What a person allowed a client, for whoever brings the code (RFC 6749 4.1.2) that says so. */
export interface RedeemedCode {
  readonly account: Account;
  readonly client: Client;
  /** Whatever is issued for the code ends with this. */
  readonly grantId: string;
  /** API scopes, as granted. */
  readonly scopes: readonly string[];
  readonly secondFactor: boolean;
  /** The client may stay connected when the person has signed out of the browser. */
  readonly offline: boolean;
}

/** Port: codes of the engine's authorization endpoint, redeemed elsewhere than at its token endpoint. */
export interface CodeRedemption {
  /**
   * Under any concurrency a code is redeemed once; another try ends its grant with all that came of it. Undefined, and the code stays as it is,
   * unless it was issued to this very `state` and `redirectUri`, without a PKCE challenge, and person, client, tenant, session and grant are all there
   * and the tenant allows the address.
   */
  redeem(code: string, proof: { readonly state: string; readonly redirectUri: string }, origin: Origin): Promise<RedeemedCode | undefined>;
  /** To be asked after something was issued: whoever ends a grant later ends that too. */
  stands(grantId: string): Promise<boolean>;
}
