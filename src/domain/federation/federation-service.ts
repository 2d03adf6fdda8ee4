import type { Account } from '../accounts/account.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Journey } from './journeys.ts';
import type { RoundTrips } from './round-trips.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';
import type { VisitId } from './visits.ts';

/** A button of the sign-in page. */
export type OfferedProvider = Pick<UpstreamProvider, 'id' | 'name' | 'preset' | 'homeDomains'>;

/** Why nobody was signed in although the provider did its part. The page and the audit log say it in words. */
export type FederationRefusal =
  /** No account, and none is made for strangers. */
  | 'no_account'
  /** The provider gave no e-mail address, or none that it vouches for, and an account needs one. */
  | 'no_email'
  /** None of their roles there means a role here. */
  | 'no_role'
  /** Their account is disabled, or of another tenant. */
  | 'not_allowed';

export type FederationOutcome =
  | {
      readonly kind: 'signed_in';
      readonly account: Account;
      /** RFC 8176, with what the provider told where its word counts. */
      readonly amr: readonly string[];
      /** The provider's second factor is good enough for us. */
      readonly secondFactor: boolean;
      /** What their session or token is to hang on: it is over when they sign out there. */
      readonly visit: VisitId;
    }
  /**
   * Somebody here has the same address. They have to sign in here first; `ticket` then links the two, once, in this journey alone.
   */
  | {
      readonly kind: 'link_offered';
      readonly ticket: string;
      readonly provider: OfferedProvider;
      readonly label: string;
      readonly accountEmail: string;
    }
  | { readonly kind: 'refused'; readonly reason: FederationRefusal; readonly provider: OfferedProvider };

/** Signing in with somebody else. */
export interface Federation extends Pick<RoundTrips, 'begin' | 'journeyOf'> {
  /** Those that are enabled for this tenant, in the order they were made; the configuration's first. */
  offered(tenant: TenantId): Promise<readonly OfferedProvider[]>;
  /** The provider whose people have addresses like this one. */
  homeOf(tenant: TenantId, email: string): Promise<OfferedProvider | undefined>;
  /**
   * Once for each state, under any concurrency. @param callback the address that was called, with its query
   * @throws NotFoundError when the state is not of this provider and journey, UpstreamError
   */
  finish(
    answer: { readonly provider: ProviderId; readonly journey: Journey; readonly callback: URL },
    origin: Origin,
  ): Promise<FederationOutcome>;
  /** What a ticket would link to this account. Undefined when it is unknown, used, expired or of another journey or account. */
  offeredLink(
    ticket: string,
    account: Account,
    journey: Journey,
  ): Promise<{ readonly provider: OfferedProvider; readonly label: string } | undefined>;
  /** Links what was offered to the person who signed in since, or wanted it. False when the ticket is unknown, used, expired or of another journey or account. */
  link(ticket: string, account: Account, journey: Journey, origin: Origin): Promise<boolean>;
}
