import { refusalOf } from './read-input.ts';
import type { Route } from './route.ts';
import type { Trouble, TroubleKind } from './trouble.ts';

type Samples = { readonly [Kind in TroubleKind]: (route: Route) => Extract<Trouble, { kind: Kind }> };

/** One of each kind, with the values it has when it happens to a call of this route. */
const SAMPLES: Samples = {
  no_token: () => ({ kind: 'no_token' }),
  bad_token: () => ({ kind: 'bad_token' }),
  expired_token: () => ({ kind: 'expired_token' }),
  address_refused: () => ({ kind: 'address_refused' }),
  role_missing: ({ access }) => ({ kind: 'role_missing', role: access === 'open' ? 'viewer' : access.role }),
  scope_missing: ({ access }) => ({ kind: 'scope_missing', scopes: access === 'open' ? [] : access.scopes }),
  sign_in_needed: () => ({ kind: 'sign_in_needed' }),
  second_factor_owed: () => ({ kind: 'second_factor_owed' }),
  bad_credentials: () => ({ kind: 'bad_credentials' }),
  code_wanted: () => ({ kind: 'code_wanted' }),
  bad_code: () => ({ kind: 'bad_code' }),
  sign_in_over: () => ({ kind: 'sign_in_over' }),
  login_limited: () => ({ kind: 'login_limited', seconds: 287 }),
  rate_limited: () => ({ kind: 'rate_limited', seconds: 60 }),
  bad_request: (route) => refusalOfNothing(route),
  too_large: () => ({ kind: 'too_large' }),
  unsupported_media_type: () => ({ kind: 'unsupported_media_type' }),
  not_found: () => ({ kind: 'not_found', message: 'There is nothing with this id.' }),
  method_not_allowed: () => ({ kind: 'method_not_allowed', allowed: ['GET'] }),
  forbidden: () => ({ kind: 'forbidden', message: 'This is not allowed in this case.' }),
  conflict: () => ({ kind: 'conflict', field: undefined, message: 'There is one like it already.' }),
  mail_failed: () => ({ kind: 'mail_failed' }),
  overloaded: () => ({ kind: 'overloaded', seconds: 1, message: 'There is too much to do at the moment. Try again soon.' }),
  store_unavailable: () => ({ kind: 'store_unavailable', seconds: 1 }),
  timeout: () => ({ kind: 'timeout' }),
  failed: () => ({ kind: 'failed' }),
};

/** Whatever the route, any call may bring a body that is odd, and any may meet a fault of ours. */
const ALWAYS: readonly TroubleKind[] = ['bad_request', 'too_large', 'unsupported_media_type', 'store_unavailable', 'failed'];

/** All that can go wrong in calls of a route, each as it would be told. Without what depends on another address or method: 404 of a path, 405. */
export function expectedTroubles(route: Route): readonly Trouble[] {
  const kinds = new Set([...kindsOfAccess(route), ...ALWAYS, ...route.troubles]);
  if (route.path.includes('{')) kinds.add('not_found');
  if (!route.unlimited) kinds.add('rate_limited');
  if (route.timeoutMs !== undefined) kinds.add('timeout');
  return [...kinds].map((kind) => SAMPLES[kind](route));
}

function kindsOfAccess({ access }: Route): readonly TroubleKind[] {
  if (access === 'open') return [];
  return [
    'no_token',
    'bad_token',
    'expired_token',
    'address_refused',
    'scope_missing',
    ...(access.role === 'viewer' ? [] : (['role_missing'] as const)),
    ...(access.signedIn ? (['sign_in_needed'] as const) : []),
    ...(access.withoutSecondFactor ? [] : (['second_factor_owed'] as const)),
  ];
}

/** What is said of a call that says nothing. */
function refusalOfNothing({ body, query, params }: Route): Extract<Trouble, { kind: 'bad_request' }> {
  for (const schema of [body, params, query]) {
    const refusal = schema && refusalOf(schema, {});
    if (refusal) return refusal;
  }
  return { kind: 'bad_request', field: undefined, message: 'The body is not JSON.' };
}
