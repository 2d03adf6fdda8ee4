import type { TrialOutcome } from '../domain/federation/trials.ts';
import type { DemoMailbox, DemoResult, DemoStart } from './demo-data.ts';
import type { TrustedHtml } from './trusted-html.ts';
import type { ErrorWords, Problem } from './words.ts';

/** A page in the arch: who runs this sign-in stands in its crown. */
interface GatePage {
  readonly tenantName: string;
}

/** A page with a form. The form posts `_csrf` and the fields named in its comment to `action`. */
interface FormPage extends GatePage {
  readonly csrf: string;
  readonly action: string;
}

/** Who is signing in or deciding. "Not you?" posts `_csrf` to the `startOverAction` beside it. */
export interface Person {
  /** For the initials: the display name, or what there is. */
  readonly name: string;
  /** The e-mail address or username that is shown. */
  readonly login: string;
}

interface Link {
  /** A path of ours, or a registered address. */
  readonly href: string;
  /** What it does or where it goes, as a label: "Try again", "Back to Freight Planner". */
  readonly text: string;
}

interface ConsentClient {
  readonly name: string;
  /** Host of its home page or redirect URI; undefined for an app without either. */
  readonly host: string | undefined;
  /** An administrator vouches for it. */
  readonly verified: boolean;
  /** `policy_uri` and `tos_uri` (RFC 7591). Anything but http and https is not shown. */
  readonly policyUri: string | undefined;
  readonly termsUri: string | undefined;
}

export interface ConsentScope {
  /** Chooses the icon; `admin:all` is warned of separately. */
  readonly name: string;
  readonly description: string;
  readonly limit: string | undefined;
}

export interface LinkedProvider {
  readonly id: string;
  readonly providerName: string;
  /** It can be signed in with at the moment. */
  readonly usable: boolean;
  /** What the provider called them last. */
  readonly label: string;
  readonly linkedAt: Date;
  readonly lastSignInAt: Date | undefined;
}

/** What the developers of an app need to mend it, received values included. */
interface DeveloperDetails {
  /** OAuth error code (RFC 6749 4.1.2.1) or ours. */
  readonly error: string;
  readonly description: string | undefined;
  readonly clientId: string | undefined;
  /** What was received and refused, such as the redirect_uri. */
  readonly received: string | undefined;
}

/** One API, as its OpenAPI document describes it. */
export interface DocumentedApi {
  readonly title: string;
  readonly description: string;
  /** Paths of ours: of its page, and of the document. */
  readonly page: string;
  readonly document: string;
  readonly operations: readonly { readonly method: string; readonly path: string; readonly summary: string }[];
}

/** Each page is the file of that name in views/, and this is all it is told. */
export interface PageData {
  /** Posts identifier, password (which may be empty) and, when ticked, remember=1. */
  readonly 'interaction/login': FormPage & {
    /** The app it continues to; undefined when there is none. */
    readonly clientName: string | undefined;
    /** As typed before; empty at first. */
    readonly identifier: string;
    /** Ticked before. Never true at first. */
    readonly remember: boolean;
    /** The person who has to prove themselves again: the identifier is theirs and fixed. */
    readonly reauthenticate: { readonly person: Person; readonly startOverAction: string } | undefined;
    readonly problem: Problem | undefined;
    /** Whose people have addresses like the identifier. Posts as `providers`, which it is not among, but comes before the password. */
    readonly home: { readonly id: string; readonly name: string } | undefined;
    /** Some addresses need no password here. */
    readonly sendsHome: boolean;
    /** Other ways to sign in, as buttons. Post provider to `providerAction`. */
    readonly providers: readonly { readonly id: string; readonly name: string }[];
    readonly providerAction: string;
  };

  /** Posts decision: link or skip. */
  readonly 'interaction/link': FormPage & {
    readonly person: Person;
    readonly providerName: string;
    /** What the provider calls them. */
    readonly label: string;
  };

  /** Posts decision=skip. */
  readonly 'interaction/not-linked': FormPage & {
    readonly person: Person;
    readonly problem: Problem;
  };

  /** Posts code. */
  readonly 'interaction/totp': FormPage & {
    readonly person: Person;
    readonly startOverAction: string;
    readonly recoveryPath: string;
    readonly problem: Problem | undefined;
  };

  /** Posts code: 24 characters, with dashes or spaces anywhere and in either case. */
  readonly 'interaction/recovery': FormPage & {
    readonly person: Person;
    readonly startOverAction: string;
    readonly totpPath: string;
    readonly problem: Problem | undefined;
  };

  /** Posts code. */
  readonly 'interaction/totp-enrol': FormPage & {
    /** An svg element that scales to its box. */
    readonly qr: TrustedHtml;
    /** The base32 secret in one piece; the page groups it by four. */
    readonly key: string;
    /** Ends the sign-in; posts `_csrf`. */
    readonly cancelAction: string;
    readonly problem: Problem | undefined;
  };

  /** Posts kept=1. Must be sent with Cache-Control: no-store. */
  readonly 'interaction/recovery-codes': FormPage & {
    readonly codes: readonly string[];
    readonly login: string;
    readonly madeAt: Date;
    /** Serves the codes as a text file; undefined where there is none. */
    readonly textPath: string | undefined;
    readonly problem: Problem | undefined;
  };

  /** Posts decision=allow or decision=deny. */
  readonly 'interaction/consent': FormPage & {
    readonly client: ConsentClient;
    readonly person: Person;
    readonly startOverAction: string;
    /** Riskier ones first. */
    readonly scopes: readonly ConsentScope[];
  };

  /** Posts choice=continue or choice=another. */
  readonly 'interaction/select-account': FormPage & {
    readonly clientName: string | undefined;
    readonly person: Person;
  };

  /** Posts xsrf (the engine's) and, for "Sign out", logout=yes. There is no `_csrf`: the engine checks its own. */
  readonly 'interaction/sign-out': GatePage & {
    readonly action: string;
    readonly xsrf: string;
    readonly clientName: string | undefined;
    readonly person: Person;
  };

  /** Sends itself where there is script. There is no `_csrf`: the fields are the protocol's, and most go to another site. */
  readonly 'interaction/hand-over': GatePage & {
    readonly action: string;
    readonly fields: readonly { readonly name: string; readonly value: string }[];
    readonly clientName: string | undefined;
  };

  readonly 'interaction/signed-out': GatePage & {
    readonly wayOut: Link | undefined;
  };

  /** Posts password. The link's secret is in `action`. */
  readonly 'account/set-password': FormPage & {
    readonly person: Person;
    /** Characters. */
    readonly minLength: number;
    /** Why the last one was refused: a sentence or two. */
    readonly problem: string | undefined;
  };

  /** Posts email, name and password. The link's secret is in `action`. */
  readonly 'account/first-administrator': FormPage & {
    readonly email: string;
    readonly name: string;
    /** Characters. */
    readonly minLength: number;
    /** A sentence for each field that was refused. */
    readonly problems: { readonly email?: string; readonly name?: string; readonly password?: string };
  };

  readonly 'account/done': GatePage & {
    readonly done: 'password-set' | 'administrator-made';
    readonly login: string;
    /** The next sign-in asks for an authenticator app to be set up. */
    readonly enrolsNext: boolean;
    readonly wayOut: Link | undefined;
  };

  /** Used, expired or never there: the page does not say which. */
  readonly 'account/link-dead': GatePage & {
    readonly purpose: 'set-password' | 'first-administrator';
  };

  /** How a person signs in. Link posts provider to `linkAction`, unlink posts identity to `unlinkAction`. */
  readonly 'account/ways': GatePage & {
    readonly csrf: string;
    readonly person: Person;
    readonly hasPassword: boolean;
    readonly hasSecondFactor: boolean;
    readonly linked: readonly LinkedProvider[];
    /** That could be linked. */
    readonly others: readonly { readonly id: string; readonly name: string }[];
    /** What has to come before a change; undefined when they have just signed in. */
    readonly signInAgain: { readonly href: string; readonly byPassword: boolean } | undefined;
    readonly linkAction: string;
    readonly unlinkAction: string;
    readonly problem: Problem | undefined;
    /** What has just been done. */
    readonly notice: Problem | undefined;
  };

  /** Posts decision: link or skip. */
  readonly 'account/link': FormPage & {
    readonly person: Person;
    readonly providerName: string;
    /** What the provider calls them. */
    readonly label: string;
    /** Names this offer, so that a yes is to no other. */
    readonly offer: string;
  };

  /** A page of a person's own, and nobody is signed in who could see it. */
  readonly 'account/nobody': GatePage & {
    readonly problem: Problem | undefined;
    readonly wayOut: Link;
  };

  /** What came of a sign-in that somebody who looks after a provider tried out. */
  readonly 'federation/trial': GatePage & { readonly provider: string; readonly outcome: TrialOutcome };

  /** Everything in it can be read without script. */
  readonly 'docs/index': { readonly issuer: string; readonly documents: readonly DocumentedApi[] };

  /** The document, drawn by script; without it the page links to the document. */
  readonly 'docs/document': DocumentedApi;

  readonly error: GatePage & {
    readonly words: ErrorWords;
    /** The request id, as in the log. */
    readonly reference: string;
    readonly at: Date;
    /** Never an address that was received and isn't registered. */
    readonly wayOut: Link | undefined;
    readonly developer: DeveloperDetails | undefined;
  };

  readonly 'demo/start': DemoStart;
  readonly 'demo/mailbox': DemoMailbox;
  readonly 'demo/result': DemoResult;
}
