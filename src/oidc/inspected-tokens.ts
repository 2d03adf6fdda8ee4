import type { Context, Middleware } from 'koa';
import type { Client as EngineClient } from 'oidc-provider';
import { tenantId } from '../domain/tenants/tenant.ts';
import type { Bearer } from '../domain/tokens/bearer.ts';
import type { HouseToken, HouseTokenKind } from '../domain/tokens/house-token.ts';
import type { TokenInspection } from '../domain/tokens/token-inspection.ts';
import { epochSeconds } from '../lib/clock.ts';
import type { ReadAccessToken } from './access-tokens.ts';
import { originOf } from './origin.ts';
import { rewriteForm } from './rewrite-form.ts';
import { JWT_SHOWN, tenantOverseenBy } from './token-inspection.ts';

/** What the engine is shown in place of a token it cannot know. */
const UNKNOWN = 'not-a-token-of-ours';

const TOKEN_USE: Readonly<Record<HouseTokenKind, string>> = {
  LoginToken: 'login',
  ShortToken: 'short',
  PrivateToken: 'private',
  SessionToken: 'session',
  CloudAccessToken: 'cloud_access',
  CloudRefreshToken: 'cloud_refresh',
};

export interface InspectedTokensDeps {
  readonly introspection: string;
  readonly revocation: string;
  readonly issuer: string;
  readonly readAccessToken: ReadAccessToken;
  readonly inspection: TokenInspection;
}

/**
 * Introspection (RFC 7662) and revocation (RFC 7009) know every token of the house. The engine authenticates the client, and refuses whatever is a JWT:
 * one of its own has a record under the `jti`, which takes its place; in place of a token of the REST surfaces it is shown one it does not know, and what it
 * answers stands for everybody but an overseer of the tenant.
 */
export function inspectedTokens(deps: InspectedTokensDeps): Middleware {
  const { introspection, revocation, inspection, readAccessToken } = deps;
  return async (ctx, next) => {
    const asked = ctx.method === 'POST' && (ctx.path === introspection || ctx.path === revocation);
    if (!asked || !ctx.is('application/x-www-form-urlencoded')) return await next();
    let ofHouse: string | undefined;
    rewriteForm(ctx.req, (form) => {
      const [token, second] = form.getAll('token');
      if (token === undefined || second !== undefined) return;
      if (inspection.concerns(token)) {
        ofHouse = token;
        form.set('token', UNKNOWN);
      } else if (token.split('.').length === 3) {
        const shown = readAccessToken(token);
        ctx.state[JWT_SHOWN] = shown;
        form.set('token', shown?.jti ?? UNKNOWN);
        form.set('token_type_hint', 'access_token');
      }
    });
    await next();
    const tenant = ofHouse === undefined ? undefined : overseenBy(ctx);
    if (ofHouse === undefined || tenant === undefined) return;
    if (ctx.path === revocation) return await inspection.end(ofHouse, tenant, originOf(ctx));
    const found = await inspection.describe(ofHouse, tenant);
    if (found) ctx.body = present(found, deps.issuer);
  };
}

/** The tenant of the client that was let in just now, when all its tokens are the client's business. */
function overseenBy(ctx: Context) {
  const client = (ctx as Context & { oidc?: { client?: EngineClient } }).oidc?.client;
  if (ctx.status !== 200 || !client) return undefined;
  const tenant = tenantOverseenBy(client, ctx.ip);
  return tenant === undefined ? undefined : tenantId(tenant);
}

/** RFC 7662 2.2. A token that still owes its second factor is good for setting one up and nothing else, so it says no role and no scope. */
function present({ token, account, client, scopes, owesSecondFactor }: Bearer & { readonly token: HouseToken }, issuer: string): object {
  return {
    active: true,
    iss: issuer,
    sub: token.accountId,
    ...(client && { client_id: client.id }),
    username: account?.email,
    email: account?.email,
    tenant_id: token.tenantId,
    ...(!owesSecondFactor && { role: account?.role, scope: [...scopes].join(' ') }),
    acr: token.secondFactor ? 'aal2' : 'aal1',
    token_use: TOKEN_USE[token.kind],
    ...(token.kind !== 'CloudRefreshToken' && { token_type: 'Bearer' }),
    iat: epochSeconds(token.issuedAt),
    exp: epochSeconds(token.expiresAt),
  };
}
