import type { AccountId } from '../accounts/account.ts';
import type { Client } from '../clients/client.ts';
import { DomainError } from '../errors.ts';

/** What the engine waits for before an authorization request can go on. */
export interface PendingInteraction {
  readonly uid: string;
  /** Seconds until it expires. */
  readonly secondsLeft: number;
  /** The step that is due. `mfa` is a second proof for a session that has the first. */
  readonly prompt: 'select_account' | 'login' | 'mfa' | 'consent';
  readonly client: Client;
  /** Where the answer will go, for the words of the page. */
  readonly redirectHost: string;
  /** Whoever is signed in on this browser. */
  readonly sessionAccountId: AccountId | undefined;
  /** How they signed in (RFC 8176). */
  readonly sessionAmr: readonly string[];
  /** Their session outlives the browser. */
  readonly sessionRemembered: boolean;
  /** The visit from another provider that their session hangs on. */
  readonly sessionVisit: string | undefined;
  /** Sent by the client: a name to fill in. */
  readonly loginHint: string | undefined;
  /** The provider that people are to sign in with, as the application names it (idp_hint, or kc_idp_hint as Keycloak calls it). */
  readonly providerHint: string | undefined;
  /** What else the request asked for, for whoever signs the person in elsewhere (OpenID Connect Core 3.1.2.1). */
  readonly passedOn: {
    readonly acrValues: string | undefined;
    readonly prompt: string | undefined;
    /** Seconds. */
    readonly maxAge: number | undefined;
    readonly uiLocales: string | undefined;
  };
  /** A live session is there but the request wants the credentials again (prompt=login, max_age). */
  readonly reauthenticate: boolean;
  /** The request, or the step, wants two factors: whoever has one only sets the other up. */
  readonly asksSecondFactor: boolean;
  /** For consent: what was asked for and not answered yet, OpenID scopes and API scopes by resource. */
  readonly missing: {
    readonly oidcScopes: readonly string[];
    readonly claims: readonly string[];
    readonly resourceScopes: Readonly<Record<string, readonly string[]>>;
  };
  /** For consent: what was allowed before and is asked for again. */
  readonly granted: readonly string[];
}

export interface SignIn {
  readonly accountId: AccountId;
  /** Of the account when its credentials were checked; the session is void once it has moved on. */
  readonly credentialVersion: number;
  /** RFC 8176: pwd, otp, mfa. */
  readonly amr: readonly string[];
  /** aal1: one factor; aal2: two (NIST SP 800-63B). */
  readonly acr: 'aal1' | 'aal2';
  /** Keep the session when the browser closes. */
  readonly remember: boolean;
  /** The visit from another provider that the session hangs on: it is over when that is. */
  readonly visit: string | undefined;
  /** When they proved it, where that was before now, and elsewhere: the `auth_time` of the session. Seconds since the epoch. */
  readonly authTime: number | undefined;
}

/** The interaction's cookie is missing, foreign or expired, or the interaction is over. */
export class InteractionLostError extends DomainError<'interaction_lost'> {
  override readonly name = 'InteractionLostError';
  readonly code = 'interaction_lost';
}

/**
 * Between the pages and the protocol engine. `Exchange` is the HTTP request and response the interaction's cookies travel in.
 * Each way to finish resolves to the address the browser goes to next.
 */
export interface InteractionEngine<Exchange> {
  /** @throws InteractionLostError */
  pending(exchange: Exchange): Promise<PendingInteraction>;
  signIn(exchange: Exchange, signIn: SignIn): Promise<string>;
  /** Go on as whoever is signed in. */
  keepAccount(exchange: Exchange): Promise<string>;
  /** Allows exactly what `missing` names, and records it as a grant. */
  allow(exchange: Exchange): Promise<string>;
  /** access_denied at the client (RFC 6749 4.1.2.1). */
  refuse(exchange: Exchange): Promise<string>;
}
