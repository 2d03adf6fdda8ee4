/** Who may call a route. */
export interface Row {
  /** The weakest role with a token of one's own; open: whoever. */
  readonly role: 'open' | 'viewer' | 'operator' | 'admin';
  /** Whether a private token is as good as the person's own. */
  readonly privateToken: boolean;
  /** Any of these will do for an application. */
  readonly scopes: readonly string[];
  /** Whether they will do for a service too. */
  readonly service: boolean;
}

const open: Row = { role: 'open', privateToken: true, scopes: [], service: true };
/** People who signed in themselves: for what changes how somebody signs in, or makes tokens. */
const signedIn = (role: 'viewer' | 'operator' | 'admin'): Row => ({ role, privateToken: false, scopes: [], service: false });
const people = (role: 'viewer' | 'operator' | 'admin', ...scopes: string[]): Row => ({ role, privateToken: true, scopes, service: false });
const all = (role: 'viewer' | 'operator' | 'admin', ...scopes: string[]): Row => ({ role, privateToken: true, scopes, service: true });

const ANY = ['read:interactions', 'write:policies', 'read:users', 'admin:all'];
const EVERYTHING = 'admin:all';

/**
 * Roles and scopes by method and path, as the four documents say it and not as the code does. The tenant API: viewers read, administrators manage
 * users, see the audit log and change policies, operators also read users; scopes as in its OAuth section. Private tokens: for who signed in.
 * The session API: viewers read, operators watch, administrators have users, settings and audit log. The cloud API: "requires an authenticated user".
 */
export const MATRIX: Readonly<Record<string, Row>> = {
  'POST /api/v1/auth/token': open,
  'POST /api/v1/auth/private-tokens': signedIn('viewer'),
  'GET /api/v1/auth/private-tokens': signedIn('viewer'),
  'POST /api/v1/auth/private-tokens/{id}/rotate': signedIn('viewer'),
  'DELETE /api/v1/auth/private-tokens/{id}': signedIn('viewer'),

  'POST /api/v1/auth/login': open,
  'GET /api/v1/users': all('operator', 'read:users', EVERYTHING),
  'GET /api/v1/users/me': people('viewer', 'read:users', EVERYTHING),
  'POST /api/v1/users/invite': people('admin', EVERYTHING),
  'PATCH /api/v1/users/{id}': all('admin', EVERYTHING),
  'DELETE /api/v1/users/{id}': all('admin', EVERYTHING),
  'GET /api/v1/users/{id}/identities': all('admin', EVERYTHING),
  'DELETE /api/v1/users/{id}/identities/{identity}': people('admin', EVERYTHING),
  'GET /api/v1/audit-log': all('admin', EVERYTHING),
  'GET /api/v1/providers': all('admin', EVERYTHING),
  'POST /api/v1/providers': people('admin', EVERYTHING),
  'GET /api/v1/providers/{id}': all('admin', EVERYTHING),
  'PATCH /api/v1/providers/{id}': people('admin', EVERYTHING),
  'DELETE /api/v1/providers/{id}': people('admin', EVERYTHING),
  'POST /api/v1/providers/{id}/test': people('admin', EVERYTHING),
  'POST /api/v1/providers/{id}/explain': people('admin', EVERYTHING),
  'GET /api/v1/interactions': all('viewer', 'read:interactions', EVERYTHING),
  'POST /api/v1/interactions/batch': all('admin', EVERYTHING),
  'GET /api/v1/policies': all('viewer', 'write:policies', EVERYTHING),
  'GET /api/v1/policies/{id}': all('viewer', 'write:policies', EVERYTHING),
  'POST /api/v1/policies': all('admin', 'write:policies', EVERYTHING),
  'PUT /api/v1/policies/{id}': all('admin', 'write:policies', EVERYTHING),
  'DELETE /api/v1/policies/{id}': all('admin', 'write:policies', EVERYTHING),
  'POST /api/v1/classification/classify': all('admin', EVERYTHING),

  'POST /api/login': open,
  'POST /api/login/totp': open,
  'POST /api/logout': all('viewer', ...ANY),
  'GET /api/me': people('viewer', 'read:users', EVERYTHING),
  'POST /api/me/totp': signedIn('viewer'),
  'POST /api/me/totp/confirm': signedIn('viewer'),
  'DELETE /api/me/totp': signedIn('viewer'),
  'GET /api/status/public': open,
  'POST /api/stream/ticket': signedIn('operator'),
  'GET /api/stream': all('operator', EVERYTHING),
  'GET /api/auth/oidc/authorize': open,
  'GET /api/auth/oidc/callback': open,
  'POST /api/auth/oidc/exchange': open,
  'GET /api/users': all('admin', EVERYTHING),
  'POST /api/users': people('admin', EVERYTHING),
  'PATCH /api/users/{id}': all('admin', EVERYTHING),
  'DELETE /api/users/{id}': all('admin', EVERYTHING),
  'DELETE /api/users/{id}/totp': signedIn('admin'),
  'GET /api/audit': all('admin', EVERYTHING),
  'GET /api/settings': all('admin', EVERYTHING),
  'PATCH /api/settings': all('admin', EVERYTHING),

  'POST /authenticate/signin': open,
  'GET /authenticate/signin': open,
  'POST /authenticate/refresh': open,
  'POST /authenticate/signout': all('viewer', ...ANY),
  'GET /authenticate/signout': all('viewer', ...ANY),
  'POST /authenticate/password-strength': open,
  'POST /authenticate/password-reset': open,
  'POST /user': open,
  'GET /user/{uuid}': people('viewer'),
  'PATCH /user/{uuid}': people('viewer'),
  'GET /organisation': all('viewer', EVERYTHING),
  'GET /organisation/{uuid}': all('viewer', EVERYTHING),
  'GET /license': all('viewer', EVERYTHING),
  'POST /license': all('admin', EVERYTHING),
  'GET /license/{uuid}': all('viewer', EVERYTHING),
  'DELETE /license/{uuid}': all('admin', EVERYTHING),
  'GET /global': all('viewer', ...ANY),
  'GET /cloud': open,
  'POST /nx/login': open,
  'POST /nx/totp': open,
  'POST /nx/tokens': signedIn('viewer'),
  'POST /nx/logout': signedIn('viewer'),
  'POST /nx/csrf': open,
  'POST /nx/code-login': open,
  'POST /nx/plugin-login': open,
};
