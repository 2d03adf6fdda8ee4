import type { Access } from '../rest/route.ts';

const EVERYTHING = 'admin:all';

/** Whoever may do everything may do each thing. */
const orEverything = (...scopes: readonly string[]) => ({ scopes: [...scopes, EVERYTHING] });

export const READ_USERS = orEverything('read:users');
export const READ_INTERACTIONS: Access = { role: 'viewer', ...orEverything('read:interactions') };
/** Whoever may change policies may look at them. */
export const READ_POLICIES: Access = { role: 'viewer', ...orEverything('write:policies') };
export const WRITE_POLICIES: Access = { role: 'admin', ...orEverything('write:policies') };
export const ADMINISTER: Access = { role: 'admin', ...orEverything() };
