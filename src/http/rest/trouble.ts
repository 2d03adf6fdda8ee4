import type { Role } from '../../domain/policy/roles.ts';

/**
 * All that can go wrong in a call of a REST surface. Each surface puts every one of them into its own words (`Wording`); forgetting one is a compile error.
 * `message` is a sentence for whoever wrote the client.
 */
export type Trouble =
  /** No token was sent. */
  | { readonly kind: 'no_token' }
  /** It is none of ours, ended, or of somebody who is disabled. */
  | { readonly kind: 'bad_token' }
  | { readonly kind: 'expired_token' }
  /** A token, or a sign-in, from an address that the tenant or client does not allow. */
  | { readonly kind: 'address_refused' }
  /** A person's own token, and their role is too weak. */
  | { readonly kind: 'role_missing'; readonly role: Role }
  /** A client's token without a scope that would do, or for what no client's token will do. */
  | { readonly kind: 'scope_missing'; readonly scopes: readonly string[] }
  /** A private token, for what takes a person who signed in. */
  | { readonly kind: 'sign_in_needed' }
  /** The person's role asks for a second factor, and this token came of one factor alone. */
  | { readonly kind: 'second_factor_owed' }
  /** The name or the password is not right; nobody is told which. */
  | { readonly kind: 'bad_credentials' }
  /** The password is right and a code of the authenticator app is missing. */
  | { readonly kind: 'code_wanted' }
  | { readonly kind: 'bad_code' }
  /** A sign-in that waited for its code is unknown, expired or over. */
  | { readonly kind: 'sign_in_over' }
  /** Too many sign-ins or codes. Undefined: until the password is set anew. */
  | { readonly kind: 'login_limited'; readonly seconds: number | undefined }
  | { readonly kind: 'rate_limited'; readonly seconds: number }
  /** `field`: the member of the body, the query or the path that will not do. */
  | { readonly kind: 'bad_request'; readonly field: string | undefined; readonly message: string }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unsupported_media_type' }
  | { readonly kind: 'not_found'; readonly message: string }
  | { readonly kind: 'method_not_allowed'; readonly allowed: readonly string[] }
  /** Known, and not allowed in this case. */
  | { readonly kind: 'forbidden'; readonly message: string }
  | { readonly kind: 'conflict'; readonly field: string | undefined; readonly message: string }
  /** A mail had to be sent and was not. */
  | { readonly kind: 'mail_failed' }
  | { readonly kind: 'overloaded'; readonly seconds: number; readonly message: string }
  | { readonly kind: 'store_unavailable'; readonly seconds: number }
  /** It took longer than this call may. */
  | { readonly kind: 'timeout' }
  /** A fault of ours. */
  | { readonly kind: 'failed' };

export type TroubleKind = Trouble['kind'];

/** Thrown by a handler: the surface answers in its own words. */
export class TroubleError extends Error {
  override readonly name = 'TroubleError';
  readonly trouble: Trouble;

  constructor(trouble: Trouble, options?: ErrorOptions) {
    super(trouble.kind, options);
    this.trouble = trouble;
  }
}

/** What a surface makes of a trouble. */
export interface Answered {
  readonly status: number;
  readonly body: object;
}

/** Besides the words: the id of the request and a UUID of this very error, by which an operator finds both in the log. */
export type Wording = (trouble: Trouble, requestId: string, errorId: string) => Answered;

/** A surface's words by kind, each with its own trouble. */
export type WordingTable<Words> = { readonly [Kind in TroubleKind]: (trouble: Extract<Trouble, { kind: Kind }>) => Words };

export function wordsFor<Words>(table: WordingTable<Words>, trouble: Trouble): Words {
  // Each entry takes the trouble of its own kind, which the compiler cannot follow through an index.
  return (table[trouble.kind] as (trouble: Trouble) => Words)(trouble);
}

/** Errors of one member, `error`; a fault of ours has the id of the request beside it, which an operator finds in the log. */
export function errorWording(table: WordingTable<string>): Wording {
  return (trouble, requestId) => ({
    status: USUAL_STATUS[trouble.kind],
    body: { error: wordsFor(table, trouble), ...(trouble.kind === 'failed' && { request_id: requestId }) },
  });
}

/** The status that fits, where a surface's documentation gives none. */
export const USUAL_STATUS: Readonly<Record<TroubleKind, number>> = {
  no_token: 401,
  bad_token: 401,
  expired_token: 401,
  address_refused: 403,
  role_missing: 403,
  scope_missing: 403,
  sign_in_needed: 403,
  second_factor_owed: 403,
  bad_credentials: 401,
  code_wanted: 401,
  bad_code: 401,
  sign_in_over: 401,
  login_limited: 429,
  rate_limited: 429,
  bad_request: 400,
  too_large: 413,
  unsupported_media_type: 415,
  not_found: 404,
  method_not_allowed: 405,
  forbidden: 403,
  conflict: 409,
  mail_failed: 502,
  overloaded: 503,
  store_unavailable: 503,
  timeout: 504,
  failed: 500,
};
