import type { Middleware } from 'koa';
import compose from 'koa-compose';
import type { EndVisit } from '../domain/federation/logout-notices.ts';
import type { Visits } from '../domain/federation/visits.ts';
import type { PrivateJwks } from '../domain/keys/key-service.ts';
import type { InteractionEngine } from '../domain/sessions/interaction.ts';
import type { FindSignedIn } from '../domain/sessions/signed-in.ts';
import type { FindOauthToken } from '../domain/tokens/bearer.ts';
import type { CodeRedemption } from '../domain/tokens/code-redemption.ts';
import type { TokenInspection } from '../domain/tokens/token-inspection.ts';
import { createAccessTokenReader } from './access-tokens.ts';
import { type AfterSignOut, afterSignOut } from './after-sign-out.ts';
import { createCodeRedemption } from './authorization-codes.ts';
import { createConsents } from './consents.ts';
import { createFindOauthToken } from './find-oauth-token.ts';
import { drawHandovers } from './handover.ts';
import { inspectedTokens } from './inspected-tokens.ts';
import { createInteractionEngine, type HttpExchange } from './interactions.ts';
import { takeJson } from './json-token-request.ts';
import { publishMetadata } from './metadata.ts';
import { implyConsent } from './offline-access.ts';
import { testOutboundGuard } from './outbound.ts';
import { settleWrites } from './pending-writes.ts';
import { buildProvider, type ProviderDeps, ROUTES } from './provider.ts';
import { createSessions } from './sessions.ts';
import { createFindSignedIn } from './signed-in.ts';
import { tellClients } from './tell-clients.ts';
import { userinfo } from './userinfo.ts';

export interface Engine {
  /** Every protocol endpoint; passes on what is none. */
  readonly middleware: Middleware;
  readonly interactions: InteractionEngine<HttpExchange>;
  readonly findSignedIn: FindSignedIn<HttpExchange>;
  readonly findOauthToken: FindOauthToken;
  readonly codes: CodeRedemption;
  /** Ends the sessions that hang on a visit from another provider, and tells the clients that want to hear of it. */
  readonly endVisit: EndVisit;
}

type EngineOptions = Omit<ProviderDeps, 'consents' | 'sessions'> & {
  readonly inspection: TokenInspection;
  readonly visits: Pick<Visits, 'stands'>;
  readonly afterSignOut: AfterSignOut;
};

/** The OpenID Connect engine, ready to mount. @throws OutboundGuardError when it would be unsafe to start */
export async function createEngine(options: EngineOptions, jwks: PrivateJwks): Promise<Engine> {
  const { artifacts, lifetimes } = options;
  const longest = Math.max(lifetimes.session_absolute, lifetimes.remembered_session);
  const sessions = createSessions({ ...options, longest });
  const deps: ProviderDeps = { ...options, consents: createConsents(artifacts), sessions };
  const provider = buildProvider(deps, jwks);
  await testOutboundGuard(provider, deps.outbound);
  const readAccessToken = createAccessTokenReader(deps);

  return {
    middleware: inOneSpelling(
      compose([
        settleWrites,
        drawHandovers(deps.pages),
        publishMetadata(deps.catalogue),
        implyConsent(ROUTES.authorization),
        takeJson(ROUTES.token),
        afterSignOut(options.afterSignOut),
        inspectedTokens({ ...ROUTES, ...options, readAccessToken }),
        userinfo({ path: ROUTES.userinfo, provider, readAccessToken, accounts: deps.accounts }),
        compose(provider.middleware as Middleware[]),
      ]),
    ),
    interactions: createInteractionEngine({ ...deps, provider }),
    findSignedIn: createFindSignedIn({ ...deps, provider }),
    findOauthToken: createFindOauthToken({ ...deps, provider, readAccessToken }),
    codes: createCodeRedemption({ ...deps, provider }),
    async endVisit(visit) {
      await tellClients(provider, await sessions.endVisit(visit));
    },
  };
}

/** What the engine is asked for: small letters, but for the name of an interaction. */
const PROTOCOL_PATH = /^\/(?:\.well-known\/[a-z-]+|oauth\/[a-z]+(?:\/[a-z]+)?|oauth\/authorize\/[\w-]+)$/;

/** The engine's router takes capitals, and slashes at the end, too; what stands before it compares paths whole. A slash is taken off, and that is all. */
function inOneSpelling(engine: Middleware): Middleware {
  return async (ctx, next) => {
    const path = ctx.path.replace(/\/$/, '');
    if (!PROTOCOL_PATH.test(path)) return await next();
    ctx.path = path;
    await engine(ctx, next);
  };
}
