/** Who speaks in the flow of the demo, in the order of the diagram's lanes. */
export type Lane = 'browser' | 'app' | 'gatehouse' | 'api';

/** A name with its value, and what it is there for. */
export interface Explained {
  readonly name: string;
  readonly value: string;
  /** One short sentence without a full stop; undefined where the name says it all. */
  readonly meaning: string | undefined;
}

/** One arrow of the sequence diagram. `from` and `to` are the same where somebody does something by themselves. */
export interface FlowStep {
  readonly from: Lane;
  readonly to: Lane;
  /** A few words on the arrow: "Asks for a code". */
  readonly what: string;
  /** Of the request; undefined for an answer and for what is no request. */
  readonly method: string | undefined;
  /** Absolute, with its query. The diagram shows the path alone, the list below it everything. */
  readonly url: string | undefined;
  /** Of the answer, once it is known. */
  readonly status: number | undefined;
  /** What happens here and why, in one to three sentences. */
  readonly detail: string;
  /** The parameters of query or form body, secrets shortened. */
  readonly parameters: readonly Explained[];
}

/** A person of the demo whom the visitor can be. */
export interface DemoPerson {
  readonly name: string;
  /** What the role lets them do, in a few words: "Viewer: may read". */
  readonly role: string;
  readonly username: string;
  readonly password: string;
  /** What this person's authenticator app shows now; undefined for a person without one. */
  readonly authenticator: { readonly code: string; readonly secondsLeft: number } | undefined;
}

/** A decoded and checked token. */
export interface DecodedToken {
  /** As it was sent. */
  readonly raw: string;
  readonly claims: readonly Explained[];
  readonly expiresAt: Date;
}

/** The call of the protected API as it went over the wire, the bearer token shortened. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  readonly requestBody: string | undefined;
  readonly status: number;
  readonly responseHeaders: readonly (readonly [name: string, value: string])[];
  /** Pretty-printed where it is JSON. */
  readonly responseBody: string;
  readonly milliseconds: number;
}

/**
 * What the buttons post as `try`. call: what the app may do. forbidden: create a policy with a token that only reads.
 * expired and tampered: call with such a token. revoked: revoke the access token first, then call with it.
 */
export const DEMO_TRIES = ['call', 'forbidden', 'expired', 'tampered', 'revoked'] as const;

export type DemoTry = (typeof DEMO_TRIES)[number];

export interface DemoStart {
  readonly csrf: string;
  readonly issuer: string;
  /** Begins a sign-in at the demo app. */
  readonly signInPath: string;
  /** This page again, for the codes of the next half minute. */
  readonly path: string;
  readonly people: readonly DemoPerson[];
  /** A client_credentials request that works when pasted into a shell. */
  readonly curl: string;
  /** Where mail can be read; undefined when it is really sent, or there is none. */
  readonly mailboxPath: string | undefined;
  /** Another issuer that people may come from; undefined when there is none. */
  readonly neighbour: { readonly issuer: string; readonly person: DemoPerson } | undefined;
}

export interface DemoMailbox {
  /** This page again, for what has come since. */
  readonly path: string;
  readonly startPath: string;
  /** Newest first. */
  readonly mails: readonly {
    readonly to: string;
    readonly subject: string;
    readonly at: Date;
    /** The text, cut where a link begins or ends. */
    readonly parts: readonly { readonly text: string; readonly href: string | undefined }[];
  }[];
}

export interface DemoResult {
  readonly csrf: string;
  readonly person: { readonly name: string; readonly email: string };
  readonly now: Date;
  readonly startPath: string;
  readonly signInPath: string;
  /** Of the person's own account: how they sign in. */
  readonly waysPath: string;
  readonly signOutAction: string;
  /** Undefined when the app got no refresh token. */
  readonly refreshAction: string | undefined;
  /** Times the tokens were refreshed since the sign-in. */
  readonly refreshes: number;
  /** Takes `try`, one of DEMO_TRIES. */
  readonly tryAction: string;
  readonly steps: readonly FlowStep[];
  /** Time our servers took for the steps, without the person's. */
  readonly milliseconds: number;
  readonly idToken: DecodedToken;
  readonly accessToken: DecodedToken & { readonly revoked: boolean };
  /** What the last press of a button was, and how it went. */
  readonly tried: DemoTry;
  readonly exchange: Exchange;
}
