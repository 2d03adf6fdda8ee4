import type { JsonObject } from '../lib/json.ts';

/** Stands in the issuer of a provider that issues for many tenants under one roof (Entra). */
export const TENANT = '{tenantid}';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a token may be of this issuer: the same to the letter, a tenant in it being that of the token, which has to be a UUID. */
export function isIssuerOf({ iss, tid }: JsonObject, issuer: string): boolean {
  if (!issuer.includes(TENANT)) return iss === issuer;
  return typeof tid === 'string' && UUID.test(tid) && iss === issuer.replace(TENANT, tid);
}
