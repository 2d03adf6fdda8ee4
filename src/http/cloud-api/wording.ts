import { USUAL_STATUS, type Wording, type WordingTable, wordsFor } from '../rest/trouble.ts';

/** The one shape of every error: all members are there, whatever went wrong. */
interface ErrorBody {
  /** Nobody is signed in by what was sent: the status is 401. */
  readonly AuthorizationInvalid: boolean;
  /** For programs and whoever writes them: a fixed word, and sometimes more after a colon. */
  readonly BackendMessage: string;
  /** Always empty: an answer does not tell who has an account. */
  readonly Email: '';
  /** The member that will not do, if it was one. */
  readonly Field: { readonly Message: string; readonly Name: string };
  /** For people. */
  readonly Message: string;
  /** Of this error; it is in the log. */
  readonly UUID: string;
}

interface Words {
  /** For people. */
  readonly message: string;
  /** For programs, after the kind. */
  readonly backend?: string;
  /** The member that will not do. */
  readonly field?: string | undefined;
}

/** What the rules of the house call a value, by the name it has here. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  email: 'Email',
  password: 'Password',
  name: 'Name',
  phoneNumber: 'PhoneNumber',
  key: 'LicenseKey',
  kind: 'Agreement.Kind',
  agreement: 'Agreement.Name',
  provides: 'Agreement.Provides',
  expiresAt: 'ExpiresAt',
  deviceId: 'Device',
};

const TABLE: WordingTable<Words> = {
  no_token: () => ({ message: 'Please sign in.', backend: 'send the access token as Authorization: Bearer' }),
  bad_token: () => ({ message: 'Your sign-in is not valid any more. Please sign in again.' }),
  expired_token: () => ({ message: 'Your sign-in has expired. Please sign in again.' }),
  address_refused: () => ({ message: 'This is not allowed from your network address.' }),
  role_missing: ({ role }) => ({ message: `This takes the role ${role}.` }),
  scope_missing: ({ scopes }) => ({
    message: 'This application may not do this.',
    backend: scopes.length > 0 ? `takes one of the scopes ${scopes.join(' ')}` : 'no token of an application will do',
  }),
  sign_in_needed: () => ({ message: 'Please sign in with your password for this.', backend: 'a private token will not do' }),
  second_factor_owed: () => ({
    message: 'Your role asks for two-factor authentication. Set up an authenticator app, then sign in with its code.',
  }),
  bad_credentials: () => ({ message: 'The username or the password is not right.' }),
  code_wanted: () => ({
    message: 'Please enter the code of your authenticator app.',
    backend: 'a code is needed; send it as Totp',
    field: 'Totp',
  }),
  bad_code: () => ({ message: 'This code is not right. Please enter the next one your authenticator app shows.' }),
  sign_in_over: () => ({ message: 'This sign-in is over. Please begin again.' }),
  login_limited: ({ seconds }) => ({
    message:
      seconds === undefined
        ? 'Too many attempts to sign in. Please set a new password.'
        : `Too many attempts to sign in. Please try again in ${seconds} seconds.`,
  }),
  rate_limited: ({ seconds }) => ({ message: `Too many requests. Please try again in ${seconds} seconds.` }),
  bad_request: ({ field, message }) => ({ message, backend: message, field }),
  too_large: () => ({ message: 'This is too much. At most 64 KiB are read.' }),
  unsupported_media_type: () => ({ message: 'This was not understood.', backend: 'send the body as application/json' }),
  not_found: ({ message }) => ({ message }),
  method_not_allowed: ({ allowed }) => ({ message: 'This was not understood.', backend: `this path takes ${allowed.join(', ')}` }),
  forbidden: ({ message }) => ({ message }),
  conflict: ({ field, message }) => ({ message, field }),
  mail_failed: () => ({ message: 'The mail could not be sent, so nothing was changed. Please try again later.' }),
  overloaded: ({ message }) => ({ message }),
  store_unavailable: () => ({ message: 'The service is unavailable at the moment. Please try again.' }),
  timeout: () => ({ message: 'This took too long. Please try again.' }),
  failed: () => ({ message: 'Something went wrong on our side.' }),
};

export const wording: Wording = (trouble, _requestId, errorId) => {
  const status = USUAL_STATUS[trouble.kind];
  const { message, backend, field } = wordsFor(TABLE, trouble);
  const body: ErrorBody = {
    AuthorizationInvalid: status === 401,
    BackendMessage: backend === undefined ? trouble.kind : `${trouble.kind}: ${backend}`,
    Email: '',
    Field: field === undefined ? { Message: '', Name: '' } : { Message: message, Name: FIELD_NAMES[field] ?? field },
    Message: message,
    UUID: errorId,
  };
  return { status, body };
};
