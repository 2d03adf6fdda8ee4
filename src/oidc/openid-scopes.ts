/** Scopes of the sign-in itself (OpenID Connect Core 5.4, 11); all others belong to an API. */
export const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access', 'profile', 'email']);
