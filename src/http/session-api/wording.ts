import { errorWording } from '../rest/trouble.ts';

export const wording = errorWording({
  no_token: () => 'Not authenticated',
  bad_token: () => 'Invalid or expired token',
  expired_token: () => 'Invalid or expired token',
  address_refused: () => 'Requests from this address are not allowed.',
  role_missing: ({ role }) => `This takes the role ${role}.`,
  scope_missing: ({ scopes }) =>
    scopes.length === 0 ? 'This takes a person who signed in, not an application.' : `This takes one of the scopes ${scopes.join(', ')}.`,
  sign_in_needed: () => 'A private token is not enough for this. Sign in at /api/login.',
  second_factor_owed: () => 'Your role requires two-factor authentication. Set it up at /api/me/totp, then sign in with its code.',
  bad_credentials: () => 'Invalid credentials',
  code_wanted: () => 'The code of the authenticator app is missing.',
  bad_code: () => 'Invalid code',
  sign_in_over: () => 'This sign-in is over. Begin again at /api/login.',
  login_limited: ({ seconds }) =>
    seconds === undefined
      ? 'Too many login attempts. Set a new password to sign in again.'
      : `Too many login attempts. Try again in ${seconds} seconds.`,
  rate_limited: ({ seconds }) => `Too many requests. Try again in ${seconds} seconds.`,
  bad_request: ({ message }) => message,
  too_large: () => 'The body is too large. At most 64 KiB are read.',
  unsupported_media_type: () => 'Send the body as application/json.',
  not_found: ({ message }) => message,
  method_not_allowed: ({ allowed }) => `This path takes ${allowed.join(', ')}.`,
  forbidden: ({ message }) => message,
  conflict: ({ message }) => message,
  mail_failed: () => 'The mail could not be sent, so nothing was changed. Try again later.',
  overloaded: ({ message }) => message,
  store_unavailable: () => 'The service is unavailable at the moment. Try again.',
  timeout: () => 'This took too long. Try again.',
  failed: () => 'Something went wrong on our side.',
});
