import { fetchUserInfo } from 'openid-client';
import { UpstreamError, type UpstreamExpectation, type UpstreamIdentity } from '../domain/federation/upstream.ts';
import type { JsonObject } from '../lib/json.ts';
import { joinClaims, lacksSome, safeClaims } from './claims.ts';
import { configure } from './connections.ts';
import type { Exchange, Exchanged } from './exchange.ts';
import { fetchProfile } from './github-api.ts';
import { readIdToken } from './id-token.ts';
import type { ProviderKind } from './provider-kinds.ts';

/** Who an OpenID provider says it is. @throws UpstreamError, and what openid-client throws */
export async function readIdentity(
  opened: Exchange,
  { tokens, idToken, issuer }: Exchanged,
  expected: UpstreamExpectation,
): Promise<UpstreamIdentity> {
  if (idToken === undefined)
    throw new UpstreamError('It answered without an ID token. The scopes have to have openid among them.', { kind: 'invalid' });
  const { provider, clock } = opened;
  const { keys } = opened.connection;
  const claims = await readIdToken(idToken, expected, { provider, keys, clock });
  if (issuer !== undefined && issuer !== claims.iss)
    throw new UpstreamError('The answer came from another issuer than its ID token.', { kind: 'invalid' });
  const whole = await withUserinfo(opened, tokens.accessToken, claims);
  return { issuer: claims.iss, subject: claims.sub, claims: whole, ...methodsOf(claims), idToken, tokens };
}

/** Who an OAuth 2 provider without OpenID Connect says it is. @throws UpstreamError, and what openid-client throws */
export async function readProfile(
  { provider, metadata, auth, connection }: Exchange,
  { tokens }: Exchanged,
  api: NonNullable<ProviderKind['api']>,
): Promise<UpstreamIdentity> {
  const { issuer } = provider;
  const config = configure(metadata, provider, auth, connection.fetch);
  const profile = await fetchProfile(config, tokens.accessToken, { issuer, api });
  return { ...profile, issuer, acr: undefined, amr: [], idToken: undefined, tokens };
}

/** Core 5.3; its `sub` has to be that of the ID token. */
async function withUserinfo(
  { provider, metadata, auth, connection }: Exchange,
  accessToken: string,
  claims: JsonObject & { readonly sub: string },
): Promise<JsonObject> {
  if (metadata.userinfo_endpoint === undefined || !lacksSome(claims, provider.claims)) return claims;
  const userinfo = await fetchUserInfo(configure(metadata, provider, auth, connection.fetch), accessToken, claims.sub);
  return safeClaims(joinClaims(claims, safeClaims(userinfo), provider.claims));
}

function methodsOf({ acr, amr }: JsonObject): Pick<UpstreamIdentity, 'acr' | 'amr'> {
  const methods: readonly unknown[] = Array.isArray(amr) ? amr : [];
  const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= 255;
  return { acr: isShort(acr) ? acr : undefined, amr: methods.filter(isShort).slice(0, 20) };
}
