import type { Access } from '../rest/route.ts';

const EVERYTHING = 'admin:all';

/** Whatever a token is for, these are among its scopes when it is for an API at all. */
const ANYTHING = ['read:interactions', 'write:policies', 'read:users', EVERYTHING];

/** Harmless, and needed to get out again: also while a second factor is owed. */
export const LEAVE: Access = { role: 'viewer', scopes: ANYTHING, withoutSecondFactor: true };
export const SEE_ONESELF: Access = { role: 'viewer', scopes: ['read:users', EVERYTHING], withoutSecondFactor: true };
/** A token that a third party or a program got never touches how its person signs in. */
export const ENROL: Access = { role: 'viewer', scopes: [], signedIn: true, withoutSecondFactor: true };
export const CHANGE_FACTOR: Access = { role: 'viewer', scopes: [], signedIn: true };
export const WATCH: Access = { role: 'operator', scopes: [EVERYTHING] };
export const TAKE_TICKET: Access = { role: 'operator', scopes: [], signedIn: true };
export const ADMINISTER: Access = { role: 'admin', scopes: [EVERYTHING] };
export const ADMINISTER_FACTORS: Access = { role: 'admin', scopes: [], signedIn: true };
