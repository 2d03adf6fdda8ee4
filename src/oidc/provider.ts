import Provider, { type Configuration, type Client as EngineClient, errors, type JWK, type KoaContextWithOIDC } from 'oidc-provider';
import type { Audit } from '../domain/audit/audit.ts';
import { matchesSecret } from '../domain/clients/client-service.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { StoreUnavailableError } from '../domain/errors.ts';
import type { PrivateJwks } from '../domain/keys/key-service.ts';
import { ASSERTION_ALGORITHMS, SIGNING_ALGORITHMS } from '../domain/keys/signing-algorithms.ts';
import { OPENID_SCOPES } from '../domain/policy/openid-scopes.ts';
import type { Role } from '../domain/policy/roles.ts';
import type { ArtifactStore } from '../domain/tokens/artifact-store.ts';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import type { Keyring } from '../lib/keyring.ts';
import type { Logger } from '../lib/logger.ts';
import { recordAccessTokens } from './access-tokens.ts';
import { type AdapterDeps, CLOCK_TOLERANCE_SECONDS, createAdapterFactory } from './adapter.ts';
import { bindCodesToStates } from './authorization-codes.ts';
import { accessTokenClaims, CLAIMS, findPerson } from './claims.ts';
import { assertStrictAssertion } from './client-assertions.ts';
import { EXTRA_CLIENT_METADATA } from './client-view.ts';
import type { Consents } from './consents.ts';
import { auditEngineEvents } from './events.ts';
import { ACR_VALUES, createInteractionPolicy } from './interaction-policy.ts';
import { forgetNeedlessConsent } from './offline-access.ts';
import { guardedFetch, type OutboundRules } from './outbound.ts';
import { type EnginePages, logoutPages } from './pages.ts';
import { extrasOf, type ResourceDeps, refuseRefreshBeyond, resourceIndicators } from './resources.ts';
import { type SessionLifetimes, type Sessions, termOf } from './sessions.ts';
import { tellClientsPatiently } from './tell-clients.ts';
import { mayInspect } from './token-inspection.ts';

/** Endpoints of the issuer; the well-known documents are at their fixed places. */
export const ROUTES = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  userinfo: '/oauth/userinfo',
  jwks: '/oauth/jwks',
  end_session: '/oauth/logout',
} as const;

/** Seconds. */
export interface Lifetimes extends SessionLifetimes {
  readonly access_token: number;
  readonly id_token: number;
  readonly authorization_code: number;
  readonly refresh_token: number;
  readonly refresh_chain: number;
  readonly interaction: number;
}

export interface ProviderDeps extends AdapterDeps, Omit<ResourceDeps, 'accessTokenLifetime'> {
  readonly issuer: string;
  readonly cookieKeys: readonly string[];
  readonly artifacts: ArtifactStore;
  readonly clients: ClientStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly lifetimes: Lifetimes;
  readonly outbound: OutboundRules & { readonly maxBytes: number };
  readonly requiredRoles: readonly Role[];
  readonly consents: Consents;
  readonly sessions: Sessions;
  readonly pages: EnginePages;
  readonly audit: Audit;
  readonly logger: Logger;
}

/** One engine for one set of signing keys: keys are fixed for its life, so new keys mean a new engine. */
export function buildProvider(deps: ProviderDeps, jwks: PrivateJwks): Provider {
  const { sessions } = deps;
  const provider = new Provider(deps.issuer, configuration(deps, jwks));
  provider.proxy = true;
  sessions.install(provider);
  recordAccessTokens(provider, () => epochSeconds(deps.clock()));
  bindCodesToStates(provider);
  compareSecretsByDigest(provider, deps.clock);
  tellClientsPatiently(provider, deps);
  auditEngineEvents(provider, deps);
  tellStoreFaults(provider);
  return provider;
}

/** To the engine a store that does not answer is a server_error like any other; to clients it is 503, worth a retry. */
function tellStoreFaults(provider: Provider): void {
  provider.on('server_error', (ctx, error) => {
    if (!(error instanceof StoreUnavailableError)) return;
    ctx.status = 503;
    // It may hold a code that was stored before the fault.
    ctx.remove('Location');
    ctx.set('Retry-After', String(error.retryAfterSeconds));
  });
}

/** Secrets are stored as digests and up to two are live; the engine would compare one in plain text. */
function compareSecretsByDigest(provider: Provider, clock: Clock): void {
  const prototype = provider.Client.prototype as EngineClient & { compareClientSecret(secret: string): Promise<boolean> };
  prototype.compareClientSecret = async function compare(secret) {
    return matchesSecret(extrasOf(this).secret_digests, secret, clock());
  };
}

function configuration(deps: ProviderDeps, jwks: PrivateJwks): Configuration {
  const { accounts, lifetimes, clock, issuer } = deps;
  const resourceDeps = { ...deps, accessTokenLifetime: lifetimes.access_token };
  const secure = issuer.startsWith('https:');
  const keepsRefreshing = (client: EngineClient, scopes: ReadonlySet<string>) =>
    scopes.has('offline_access') || extrasOf(client).refresh_without_offline_access;

  return {
    adapter: createAdapterFactory(deps),
    jwks: { keys: [...jwks] as JWK[] },
    routes: ROUTES,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    scopes: [...OPENID_SCOPES],
    claims: CLAIMS,
    acrValues: [...ACR_VALUES],
    subjectTypes: ['public'],
    // `none` is for a person's own pages alone.
    responseTypes: ['code', 'none'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    assertJwtClientAuthClaimsAndHeader: assertStrictAssertion(clock),
    enabledJWA: {
      idTokenSigningAlgValues: [...SIGNING_ALGORITHMS],
      clientAuthSigningAlgValues: [...ASSERTION_ALGORITHMS],
    },
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: { properties: [...EXTRA_CLIENT_METADATA] },
    extraParams: {
      offline_consent: (ctx: KoaContextWithOIDC) => forgetNeedlessConsent(ctx),
      idp_hint: null,
      kc_idp_hint: null,
    },
    // Auth.js and others read nothing but the ID token, so it carries the claims of the granted scopes.
    conformIdTokenClaims: false,
    pkce: { required: (_ctx, client) => extrasOf(client).require_pkce },
    async findAccount(ctx, sub) {
      const found = await findPerson(accounts, sub);
      if (!found || !(await deps.sessions.isCurrent(ctx, found.person))) return undefined;
      // Clients serve the people of their own tenant, whoever is signed in on this browser.
      const tenant = ctx.oidc.client && extrasOf(ctx.oidc.client).tenant_id;
      return tenant === undefined || tenant === found.person.tenantId ? found : undefined;
    },
    extraTokenClaims: (ctx, token) => accessTokenClaims(accounts, ctx as KoaContextWithOIDC | undefined, token as never),
    loadExistingGrant: (ctx) => deps.consents.loadGrant(ctx),
    issueRefreshToken: async (_ctx, client, code) => client.grantTypeAllowed('refresh_token') && keepsRefreshing(client, code.scopes),
    expiresWithSession: async (ctx, token) => !ctx.oidc.client || !keepsRefreshing(ctx.oidc.client, token.scopes),
    rotateRefreshToken: async (ctx) => {
      const { iiat } = ctx.oidc.entities.RefreshToken ?? {};
      if (iiat !== undefined && iiat + lifetimes.refresh_chain <= epochSeconds(clock()))
        throw new errors.InvalidGrant('refresh chain is over');
      await refuseRefreshBeyond(ctx, resourceDeps);
      return true;
    },
    clientBasedCORS: (_ctx, origin, client) => extrasOf(client).allowed_origins.includes(origin),
    interactions: {
      policy: createInteractionPolicy({
        requiredRoles: deps.requiredRoles,
        isOver: (session) => termOf(session, lifetimes, epochSeconds(clock())).left < 1,
      }),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    cookies: {
      keys: [...deps.cookieKeys],
      names: {
        session: secure ? '__Host-gatehouse_session' : 'gatehouse_session',
        interaction: 'gatehouse_interaction',
        resume: 'gatehouse_resume',
      },
      long: { signed: true, httpOnly: true, sameSite: 'lax', secure, path: '/' },
      short: { signed: true, httpOnly: true, sameSite: 'lax', secure },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (ctx, client, token) => mayInspect({ ctx, client, token }, deps) },
      revocation: { enabled: true, allowedPolicy: (ctx, client, token) => mayInspect({ ctx, client, token }, deps) },
      resourceIndicators: resourceIndicators(resourceDeps),
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, ...logoutPages(deps.pages) },
    },
    renderError: (ctx, out, error) => deps.pages.error(ctx, { code: out.error, description: out.error_description, cause: error }),
    fetch: guardedFetch(deps.outbound),
    fetchResponseBodyLimits: { jwks_uri: deps.outbound.maxBytes, sector_identifier_uri: deps.outbound.maxBytes },
    ttl: ttl(lifetimes, clock),
  } as Configuration;
}

function ttl(lifetimes: Lifetimes, clock: Clock): NonNullable<Configuration['ttl']> {
  const now = () => epochSeconds(clock());
  return {
    AccessToken: lifetimes.access_token,
    ClientCredentials: lifetimes.access_token,
    AuthorizationCode: lifetimes.authorization_code,
    IdToken: lifetimes.id_token,
    Interaction: lifetimes.interaction,
    // A refresh chain that begins at the end of a session has to fit in: it ends when its grant does.
    Grant: Math.max(lifetimes.session_absolute, lifetimes.remembered_session) + lifetimes.refresh_chain,
    // Each use starts a new term, but the chain since the sign-in is capped (RFC 9700 2.2.2).
    RefreshToken: (_ctx, token) => Math.max(1, Math.min(lifetimes.refresh_token, (token.iiat ?? now()) + lifetimes.refresh_chain - now())),
    Session: (_ctx, session) => {
      const { idle, left } = termOf(session, lifetimes, now());
      return Math.max(1, Math.min(idle, left));
    },
  };
}
