import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors, type InteractionResults } from 'oidc-provider';
import { type Account, accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { allowedScopes, type ScopeCatalogue } from '../domain/policy/allowed-scopes.ts';
import { isOpenidScope } from '../domain/policy/openid-scopes.ts';
import { type InteractionEngine, InteractionLostError, type PendingInteraction } from '../domain/sessions/interaction.ts';
import { epochSeconds, systemClock } from '../lib/clock.ts';
import type { Consents } from './consents.ts';
import { askedLevel } from './interaction-policy.ts';
import type { Sessions } from './sessions.ts';

export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface InteractionDeps {
  readonly provider: Provider;
  readonly clients: ClientStore;
  readonly accounts: AccountStore;
  readonly catalogue: ScopeCatalogue;
  readonly consents: Consents;
  readonly sessions: Sessions;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

const PROMPTS = ['select_account', 'login', 'mfa', 'consent'] as const;

/** The engine's side of the sign-in pages. */
export function createInteractionEngine(deps: InteractionDeps): InteractionEngine<HttpExchange> {
  const { provider, clients, accounts, catalogue, consents, sessions } = deps;

  async function details({ req, res }: HttpExchange): Promise<Details> {
    try {
      return await provider.interactionDetails(req, res);
    } catch (cause) {
      if (cause instanceof errors.SessionNotFound)
        throw new InteractionLostError('This sign-in is over or belongs to another browser.', { cause });
      throw cause;
    }
  }

  const finish = ({ req, res }: HttpExchange, result: InteractionResults) =>
    provider.interactionResult(req, res, result, { mergeWithLastSubmission: true });

  /** Whoever is signed in on this browser, unless their session has ended since this interaction began. */
  async function signedIn({ session }: Details): Promise<{ person: Account; remembered: boolean; visit: string | undefined } | undefined> {
    if (session?.accountId === undefined || session.uid === undefined) return undefined;
    const person = await accounts.findSubject(accountId(session.accountId));
    const live = person && !person.disabled ? await sessions.findLive(provider, session.uid, person) : undefined;
    return person && live && { person, remembered: live.transient !== true, visit: live.visit };
  }

  async function pending(exchange: HttpExchange): Promise<PendingInteraction> {
    const found = await details(exchange);
    const client = await clients.find(clientId(String(found.params.client_id)));
    const prompt = PROMPTS.find((name) => name === found.prompt.name);
    if (!client || client.disabled || !prompt) throw new InteractionLostError('The application this sign-in was for is gone.');
    const { person, remembered = false, visit } = (await signedIn(found)) ?? {};
    const allowed = allowedScopes(person, client, catalogue);
    const missing = missingOf(found, allowed);
    const asked = new Set([...missing.oidcScopes, ...Object.values(missing.resourceScopes).flat()]);
    const { params } = found;
    return {
      uid: found.uid,
      secondsLeft: found.remainingTTL,
      prompt,
      client,
      redirectHost: URL.parse(String(params.redirect_uri))?.host ?? '',
      sessionAccountId: person?.id,
      sessionAmr: found.session?.amr ?? [],
      sessionRemembered: remembered,
      sessionVisit: visit,
      loginHint: textOf(params.login_hint),
      providerHint: textOf(params.idp_hint) ?? textOf(params.kc_idp_hint),
      passedOn: {
        acrValues: textOf(params.acr_values),
        // Whoever has to sign in again here has to do so there.
        prompt: String(params.prompt ?? '')
          .split(' ')
          .includes('login')
          ? 'login'
          : undefined,
        maxAge: params.max_age === undefined ? undefined : Number(params.max_age),
        uiLocales: textOf(params.ui_locales),
      },
      // A hint at somebody else (OpenID Connect Core 3.1.2.1, id_token_hint) asks for that person, not for this one again.
      reauthenticate: prompt === 'login' && person !== undefined && !found.prompt.reasons.includes('id_token_hint'),
      asksSecondFactor: prompt === 'mfa' || askedLevel(params.acr_values) > 0,
      missing,
      granted: String(params.scope ?? '')
        .split(' ')
        .filter((scope) => (allowed.has(scope) || isOpenidScope(scope)) && !asked.has(scope)),
    };
  }

  return {
    pending,
    async signIn(exchange, { amr, authTime, ...signIn }) {
      const { prompt } = await details(exchange);
      // Signing in chooses the account; it answers no other question, and a consent that is due stays due for whoever took over.
      return await finish(exchange, {
        ...(prompt.name === 'select_account' && { select_account: {} }),
        // The time of the proof, not of the consent that may follow it; by the engine's own clock, which it is compared with.
        login: { ...signIn, amr: [...amr], ts: Math.min(epochSeconds(systemClock()), Math.max(0, authTime ?? Infinity)) },
      });
    },
    keepAccount: (exchange) => finish(exchange, { select_account: {} }),
    async allow(exchange) {
      const { client, missing, sessionAccountId } = await pending(exchange);
      if (!sessionAccountId) throw new InteractionLostError('Whoever was signed in here has signed out.');
      const { grantId } = await details(exchange);
      const { Grant } = provider;
      const existing = grantId === undefined ? undefined : await Grant.find(grantId);
      const grant = existing?.accountId === sessionAccountId ? existing : new Grant({ accountId: sessionAccountId, clientId: client.id });
      if (missing.oidcScopes.length > 0) grant.addOIDCScope(missing.oidcScopes.join(' '));
      if (missing.claims.length > 0) grant.addOIDCClaims([...missing.claims]);
      for (const [resource, scopes] of Object.entries(missing.resourceScopes))
        if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '));
      const saved = await grant.save();
      await consents.remember(grant);
      return await finish(exchange, { consent: { grantId: saved } });
    },
    refuse: ({ req, res }) =>
      provider.interactionResult(
        req,
        res,
        { error: 'access_denied', error_description: 'the person did not allow access' },
        { mergeWithLastSubmission: false },
      ),
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** `missing` without what this person's role may not hand over. */
function missingOf({ prompt }: Details, allowed: ReadonlySet<string>): PendingInteraction['missing'] {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingOIDCClaims?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  const resources = Object.entries(missingResourceScopes ?? {}).map(([resource, scopes]) => [
    resource,
    scopes.filter((scope) => allowed.has(scope)),
  ]);
  return { oidcScopes: missingOIDCScope ?? [], claims: missingOIDCClaims ?? [], resourceScopes: Object.fromEntries(resources) };
}
