import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors, type InteractionResults } from 'oidc-provider';
import { accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { allowedScopes, type ScopeCatalogue } from '../domain/policy/allowed-scopes.ts';
import { type InteractionEngine, InteractionLostError, type PendingInteraction } from '../domain/sessions/interaction.ts';
import { OPENID_SCOPES } from './openid-scopes.ts';

export interface HttpExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

export interface InteractionDeps {
  readonly provider: Provider;
  readonly clients: ClientStore;
  readonly accounts: AccountStore;
  readonly catalogue: ScopeCatalogue;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

const PROMPTS = ['select_account', 'login', 'mfa', 'consent'] as const;

/** The engine's side of the sign-in pages. */
export function createInteractionEngine({ provider, clients, accounts, catalogue }: InteractionDeps): InteractionEngine<HttpExchange> {
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

  /** `missing` without what this person's role may not hand over. */
  async function missingOf(found: Details, client: PendingInteraction['client']): Promise<PendingInteraction['missing']> {
    const prompt = found.prompt.details as {
      missingOIDCScope?: string[];
      missingOIDCClaims?: string[];
      missingResourceScopes?: Record<string, string[]>;
    };
    const person = found.session?.accountId === undefined ? undefined : await accounts.findSubject(accountId(found.session.accountId));
    const allowed = allowedScopes(person, client, catalogue);
    const resources = Object.entries(prompt.missingResourceScopes ?? {}).map(([resource, scopes]) => [
      resource,
      scopes.filter((scope) => allowed.has(scope)),
    ]);
    return {
      oidcScopes: prompt.missingOIDCScope ?? [],
      claims: prompt.missingOIDCClaims ?? [],
      resourceScopes: Object.fromEntries(resources),
    };
  }

  async function pending(exchange: HttpExchange): Promise<PendingInteraction> {
    const found = await details(exchange);
    const client = await clients.find(clientId(String(found.params.client_id)));
    const prompt = PROMPTS.find((name) => name === found.prompt.name);
    if (!client || client.disabled || !prompt) throw new InteractionLostError('The application this sign-in was for is gone.');
    const missing = await missingOf(found, client);
    const asked = new Set([...missing.oidcScopes, ...Object.values(missing.resourceScopes).flat()]);
    const sessionAccountId = found.session?.accountId;
    const person = sessionAccountId === undefined ? undefined : await accounts.findSubject(accountId(sessionAccountId));
    const possible = new Set([...allowedScopes(person, client, catalogue), ...OPENID_SCOPES]);
    return {
      uid: found.uid,
      secondsLeft: found.remainingTTL,
      prompt,
      client,
      redirectHost: URL.parse(String(found.params.redirect_uri))?.host ?? '',
      sessionAccountId: sessionAccountId === undefined ? undefined : accountId(sessionAccountId),
      sessionAmr: found.session?.amr ?? [],
      loginHint: typeof found.params.login_hint === 'string' ? found.params.login_hint : undefined,
      reauthenticate: prompt === 'login' && sessionAccountId !== undefined,
      missing,
      granted: String(found.params.scope ?? '')
        .split(' ')
        .filter((scope) => possible.has(scope) && !asked.has(scope)),
    };
  }

  return {
    pending,
    async signIn(exchange, { amr, ...signIn }) {
      const { prompt } = await details(exchange);
      // Signing in chooses the account; it answers no other question, and a consent that is due stays due for whoever took over.
      return await finish(exchange, {
        ...(prompt.name === 'select_account' && { select_account: {} }),
        login: { ...signIn, amr: [...amr] },
      });
    },
    keepAccount: (exchange) => finish(exchange, { select_account: {} }),
    async allow(exchange) {
      const found = await details(exchange);
      const { client, missing } = await pending(exchange);
      const { Grant } = provider;
      const existing = found.grantId === undefined ? undefined : await Grant.find(found.grantId);
      const grant = existing ?? new Grant({ accountId: found.session?.accountId ?? '', clientId: client.id });
      if (missing.oidcScopes.length > 0) grant.addOIDCScope(missing.oidcScopes.join(' '));
      if (missing.claims.length > 0) grant.addOIDCClaims([...missing.claims]);
      for (const [resource, scopes] of Object.entries(missing.resourceScopes))
        if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '));
      return await finish(exchange, { consent: { grantId: await grant.save() } });
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
