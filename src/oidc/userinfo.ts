import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { isRecordOf, type ReadAccessToken, type RecordedToken } from './access-tokens.ts';
import { findPerson } from './claims.ts';
import { extrasOf } from './resources.ts';

export interface UserinfoDeps {
  readonly path: string;
  readonly provider: Provider;
  readonly readAccessToken: ReadAccessToken;
  readonly accounts: AccountStore;
}

/** The engine answers HEAD as it does GET. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST']);

/**
 * UserInfo (OpenID Connect Core 5.3) for the house's access tokens. They name the API as their audience, which the engine's own endpoint refuses;
 * here a token serves for both, as clients that never send `resource` expect. Header only: RFC 6750 5.3 keeps tokens out of addresses.
 */
export function userinfo(deps: UserinfoDeps): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== deps.path || !METHODS.has(ctx.method)) return await next();
    ctx.set('Cache-Control', 'no-store');
    allowOrigin(ctx);
    const [, bearer] = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('Authorization')) ?? [];
    if (ctx.query.access_token !== undefined) return refuse(ctx, 400, 'invalid_request', 'access tokens are not accepted in the query');
    if (!bearer) return refuse(ctx, 401, undefined, 'no access token provided');
    await answer(ctx, bearer, deps);
  };
}

/** An application has to read why its token was refused. Until the token tells whose it is, the answer holds nothing about anybody. */
function allowOrigin(ctx: Context): void {
  ctx.vary('Origin');
  const origin = ctx.get('Origin');
  if (!origin) return;
  ctx.set('Access-Control-Allow-Origin', origin);
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate');
}

async function answer(ctx: Context, bearer: string, deps: UserinfoDeps): Promise<void> {
  const { provider } = deps;
  const shown = deps.readAccessToken(bearer);
  const found = shown && (await provider.AccessToken.find(shown.jti));
  const token = found && isRecordOf(shown, found) ? found : undefined;
  const client = token?.clientId === undefined ? undefined : await provider.Client.find(token.clientId);
  const origin = ctx.get('Origin');
  if (origin && client && !extrasOf(client).allowed_origins.includes(origin)) {
    ctx.remove('Access-Control-Allow-Origin');
    return refuse(ctx, 400, 'invalid_request', `origin ${origin} not allowed for client: ${client.clientId}`);
  }
  if (!token || !client) return refuse(ctx, 401, 'invalid_token', 'the access token is unknown, expired or revoked');
  const grant = token.grantId === undefined ? undefined : await provider.Grant.find(token.grantId);
  const person = await findPerson(deps.accounts, token.accountId);
  if (!grant || grant.clientId !== token.clientId || grant.accountId !== token.accountId || !person) {
    return refuse(ctx, 401, 'invalid_token', 'the access token is unknown, expired or revoked');
  }
  const scope = grant.getOIDCScopeFiltered(new Set((token as RecordedToken).openidScope?.split(' ')));
  if (!scope.split(' ').includes('openid')) return refuse(ctx, 403, 'insufficient_scope', 'the openid scope was not granted');
  const claims = new provider.Claims(await person.claims('userinfo', scope, {}, []), { client });
  claims.scope(scope);
  claims.rejected(grant.getRejectedOIDCClaims());
  ctx.body = await claims.result();
}

/** RFC 6750 3: the challenge repeats the error, and says nothing of it when no token was sent. */
function refuse(ctx: Context, status: number, error: string | undefined, description: string): void {
  const challenge = error ? `, error="${error}", error_description="${description}"` : '';
  ctx.status = status;
  ctx.set('WWW-Authenticate', `Bearer realm="gatehouse"${challenge}`);
  ctx.body = { error: error ?? 'invalid_token', error_description: description };
}
