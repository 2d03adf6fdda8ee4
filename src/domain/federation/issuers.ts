import type { JsonObject } from '../../lib/json.ts';
import type { FederatedIdentity } from './identity.ts';
import type { UpstreamProvider } from './upstream-provider.ts';

/** Stands in the issuer of a provider that issues for many tenants under one roof (Entra). */
export const THEIR_TENANT = '{tenantid}';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a token may be of this provider: its issuer is the same to the letter, a tenant in it being that of the token, which has to be a UUID. */
export function isTokenOf({ issuer }: Pick<UpstreamProvider, 'issuer'>, { iss, tid }: JsonObject): boolean {
  if (!issuer.includes(THEIR_TENANT)) return iss === issuer;
  return typeof tid === 'string' && UUID.test(tid) && iss === issuer.replace(THEIR_TENANT, tid);
}

/** Whether somebody who was known by a token of this issuer is of the provider as its settings have it now, of whatever tenant there. */
export function isIdentityOf(
  { issuer: template }: Pick<UpstreamProvider, 'issuer'>,
  { issuer }: Pick<FederatedIdentity, 'issuer'>,
): boolean {
  const [before = '', after] = template.split(THEIR_TENANT);
  return after === undefined ? issuer === template : issuer.startsWith(before) && issuer.endsWith(after);
}
