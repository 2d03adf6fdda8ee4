import { epochSeconds } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import { accountId } from '../accounts/account.ts';
import { clientId } from '../clients/client.ts';
import { tenantId } from '../tenants/tenant.ts';
import type { Artifact } from './artifact-store.ts';
import type { HouseToken, HouseTokenKind, TokenDigest } from './house-token.ts';

/** A token of the REST surfaces as it is stored, under its digest. */
export function toArtifact(token: HouseToken): Artifact {
  const payload: JsonObject = {
    tenantId: token.tenantId,
    ...(token.scopes && { scope: token.scopes.join(' ') }),
    secondFactor: token.secondFactor,
    ...(token.name !== undefined && { name: token.name }),
    keptLoggedIn: token.keptLoggedIn,
    iat: epochSeconds(token.issuedAt),
    exp: epochSeconds(token.expiresAt),
  };
  return { payload, accountId: token.accountId, clientId: token.clientId, grantId: token.family, uid: token.id };
}

/** The token that was stored so. */
export function toToken(kind: HouseTokenKind, digest: TokenDigest, { payload, ...names }: Artifact): HouseToken {
  const { tenantId: tenant, scope, secondFactor, name, keptLoggedIn, iat, exp } = payload;
  return {
    kind,
    digest,
    id: names.uid ?? '',
    accountId: accountId(names.accountId ?? ''),
    tenantId: tenantId(String(tenant)),
    family: names.grantId ?? '',
    clientId: names.clientId === undefined ? undefined : clientId(names.clientId),
    scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : undefined,
    secondFactor: secondFactor === true,
    name: typeof name === 'string' ? name : undefined,
    keptLoggedIn: keptLoggedIn === true,
    issuedAt: new Date(Number(iat) * 1000),
    expiresAt: new Date(Number(exp) * 1000),
  };
}
