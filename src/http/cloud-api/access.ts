import type { Access } from '../rest/route.ts';

const EVERYTHING = 'admin:all';

/** A person and the token they signed in for: it ends, or another comes of it. */
export const OWN_SIGN_IN: Access = { role: 'viewer', scopes: [], signedIn: true, withoutSecondFactor: true };

/** Whoever has any token at all; a client, one for an API. */
export const ANYBODY: Access = {
  role: 'viewer',
  scopes: ['read:interactions', 'write:policies', 'read:users', EVERYTHING],
  withoutSecondFactor: true,
};

/** People themselves; what a client got for them is not for this. */
export const PEOPLE: Access = { role: 'viewer', scopes: [] };

/** Everybody in an organisation, and clients that may do everything. */
export const MEMBERS: Access = { role: 'viewer', scopes: [EVERYTHING] };

export const ADMINISTRATORS: Access = { role: 'admin', scopes: [EVERYTHING] };
