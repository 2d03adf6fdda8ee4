/** Scopes of the sign-in itself (OpenID Connect Core 5.4, 11); all others belong to an API. */
export const OPENID_SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const;

export type OpenidScope = (typeof OPENID_SCOPES)[number];

export function isOpenidScope(scope: string): scope is OpenidScope {
  return (OPENID_SCOPES as readonly string[]).includes(scope);
}
