import type { Middleware } from 'koa';
import compose from 'koa-compose';
import type { PrivateJwks } from '../domain/keys/key-service.ts';
import type { InteractionEngine } from '../domain/sessions/interaction.ts';
import type { FindOauthToken } from '../domain/tokens/bearer.ts';
import { createAccessTokenReader, type ReadAccessToken } from './access-tokens.ts';
import { createConsents } from './consents.ts';
import { createFindOauthToken } from './find-oauth-token.ts';
import { drawHandovers } from './handover.ts';
import { createInteractionEngine, type HttpExchange } from './interactions.ts';
import { takeJson } from './json-token-request.ts';
import { publishMetadata } from './metadata.ts';
import { implyConsent } from './offline-access.ts';
import { testOutboundGuard } from './outbound.ts';
import { settleWrites } from './pending-writes.ts';
import { buildProvider, type ProviderDeps, ROUTES } from './provider.ts';
import { rewriteForm } from './rewrite-form.ts';
import { createSessions } from './sessions.ts';
import { JWT_SHOWN } from './token-inspection.ts';
import { userinfo } from './userinfo.ts';

export interface Engine {
  /** Every protocol endpoint; passes on what is none. */
  readonly middleware: Middleware;
  readonly interactions: InteractionEngine<HttpExchange>;
  readonly findOauthToken: FindOauthToken;
}

type EngineOptions = Omit<ProviderDeps, 'consents' | 'sessions'>;

/** The OpenID Connect engine, ready to mount. @throws OutboundGuardError when it would be unsafe to start */
export async function createEngine(options: EngineOptions, jwks: PrivateJwks): Promise<Engine> {
  const { artifacts, clock, lifetimes } = options;
  const longest = Math.max(lifetimes.session_absolute, lifetimes.remembered_session);
  const deps: ProviderDeps = { ...options, consents: createConsents(artifacts), sessions: createSessions({ artifacts, clock, longest }) };
  const provider = buildProvider(deps, jwks);
  await testOutboundGuard(provider, deps.outbound);
  const readAccessToken = createAccessTokenReader(deps);

  return {
    middleware: compose([
      settleWrites,
      drawHandovers(deps.pages),
      publishMetadata(deps.catalogue),
      implyConsent(ROUTES.authorization),
      takeJson(ROUTES.token),
      readJwtAtInspection(readAccessToken),
      userinfo({ path: ROUTES.userinfo, provider, readAccessToken, accounts: deps.accounts }),
      compose(provider.middleware as Middleware[]),
    ]),
    interactions: createInteractionEngine({ ...deps, provider }),
    findOauthToken: createFindOauthToken({ ...deps, provider, readAccessToken }),
  };
}

/** The engine refuses JWTs at introspection and revocation; ours have a record under their `jti`, which takes their place. */
function readJwtAtInspection(readAccessToken: ReadAccessToken): Middleware {
  const paths = new Set<string>([ROUTES.introspection, ROUTES.revocation]);
  return async (ctx, next) => {
    if (ctx.method === 'POST' && paths.has(ctx.path) && ctx.is('application/x-www-form-urlencoded')) {
      rewriteForm(ctx.req, (form) => {
        const [token, second] = form.getAll('token');
        if (second !== undefined || token?.split('.').length !== 3) return;
        const shown = readAccessToken(token);
        ctx.state[JWT_SHOWN] = shown;
        form.set('token', shown?.jti ?? 'not-a-token-of-ours');
        form.set('token_type_hint', 'access_token');
      });
    }
    await next();
  };
}
