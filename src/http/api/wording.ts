import { errorWording } from '../rest/trouble.ts';

export const wording = errorWording({
  no_token: () => 'Invalid token',
  bad_token: () => 'Invalid token',
  expired_token: () => 'Token expired',
  address_refused: () => 'Requests from this IP address are not allowed.',
  role_missing: ({ role }) => `Insufficient permissions. This action requires ${role} role.`,
  scope_missing: () => 'Insufficient permissions',
  sign_in_needed: () => 'Insufficient permissions. This action requires a token from /auth/login.',
  second_factor_owed: () =>
    'Insufficient permissions. Your role requires two-factor authentication. Set up an authenticator app, then log in with its code.',
  bad_credentials: () => 'Invalid credentials',
  code_wanted: () => 'This account uses two-factor authentication. Send the code of your authenticator app as "code".',
  bad_code: () => 'Invalid code',
  sign_in_over: () => 'Invalid credentials',
  login_limited: ({ seconds }) =>
    seconds === undefined
      ? 'Too many login attempts. Please set a new password to log in again.'
      : 'Too many login attempts. Please try again in a few minutes.',
  rate_limited: ({ seconds }) => `Rate limit exceeded. Please retry after ${seconds} seconds.`,
  bad_request: ({ message }) => message,
  too_large: () => 'The body is too large. At most 64 KiB are read.',
  unsupported_media_type: () => 'Send the body as application/json.',
  not_found: ({ message }) => message,
  method_not_allowed: ({ allowed }) => `This path takes ${allowed.join(', ')}.`,
  forbidden: ({ message }) => message,
  conflict: ({ message }) => message,
  mail_failed: () => 'The mail could not be sent, so nothing was changed. Please try again later.',
  overloaded: ({ message }) => message,
  store_unavailable: () => 'The service is unavailable at the moment. Please try again.',
  timeout: () => 'This took too long. Please try again.',
  failed: () => 'Something went wrong on our side.',
});
