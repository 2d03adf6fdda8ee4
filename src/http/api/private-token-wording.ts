import { type Trouble, USUAL_STATUS, type Wording, type WordingTable, wordsFor } from '../rest/trouble.ts';

interface Words {
  /** For programs: snake_case. */
  readonly code: string;
  /** For whoever wrote the program. */
  readonly detail: string;
}

const wait = (seconds: number) => `Request was throttled. Expected available in ${seconds} seconds.`;
const denied = (detail: string): Words => ({ code: 'permission_denied', detail });
const invalid = ({ message: detail }: { readonly message: string }): Words => ({ code: 'invalid', detail });
const unavailable = (detail: string): Words => ({ code: 'service_unavailable', detail });

/** Codes as Django REST framework and its Simple JWT have them, which clients of this API know. */
const WORDS: WordingTable<Words> = {
  no_token: () => ({ code: 'not_authenticated', detail: 'Authentication credentials were not provided.' }),
  bad_token: () => ({ code: 'token_not_valid', detail: 'Given token not valid for any token type: it is incorrect, or was revoked.' }),
  expired_token: () => ({ code: 'token_not_valid', detail: 'Given token not valid for any token type: it has expired.' }),
  address_refused: () => denied('Your organisation does not allow this from your address.'),
  role_missing: ({ role }) => denied(`You do not have permission to perform this action: it takes the role ${role}.`),
  scope_missing: () => denied('A token of an application does not do here: sign in yourself.'),
  sign_in_needed: () => denied('A private token does not do here: sign in with your password.'),
  second_factor_owed: () => denied('Your role asks for two-step sign-in: set it up, and sign in with its code.'),
  bad_credentials: () => ({ code: 'no_active_account', detail: 'No active account found with the given credentials.' }),
  code_wanted: () => ({
    code: 'code_required',
    detail: 'This account has two-step sign-in: send the code of your authenticator app as "code".',
  }),
  bad_code: () => ({ code: 'code_not_valid', detail: 'Given code not valid: it is incorrect, expired, or was used before.' }),
  sign_in_over: () => ({ code: 'no_active_account', detail: 'This sign-in is over. Begin again.' }),
  login_limited: ({ seconds }) => ({
    code: 'throttled',
    detail: seconds === undefined ? 'Too many failed sign-ins: this account stays locked until its password is set anew.' : wait(seconds),
  }),
  rate_limited: ({ seconds }) => ({ code: 'throttled', detail: wait(seconds) }),
  bad_request: invalid,
  too_large: () => ({ code: 'too_large', detail: 'The body is larger than 64 KiB.' }),
  unsupported_media_type: () => ({ code: 'unsupported_media_type', detail: 'Unsupported media type: send application/json.' }),
  not_found: ({ message: detail }) => ({ code: 'not_found', detail }),
  method_not_allowed: ({ allowed }) => ({ code: 'method_not_allowed', detail: `Method not allowed. Allowed: ${allowed.join(', ')}.` }),
  forbidden: ({ message: detail }) => denied(detail),
  conflict: ({ message: detail }) => ({ code: 'conflict', detail }),
  mail_failed: () => unavailable('The mail could not be sent.'),
  overloaded: ({ message: detail }) => unavailable(detail),
  store_unavailable: () => unavailable('The server cannot reach its store at the moment. Try again soon.'),
  timeout: () => ({ code: 'timeout', detail: 'It took too long.' }),
  failed: () => ({ code: 'error', detail: 'A server error occurred.' }),
};

export const wording: Wording = (trouble: Trouble) => ({ status: USUAL_STATUS[trouble.kind], body: wordsFor(WORDS, trouble) });
