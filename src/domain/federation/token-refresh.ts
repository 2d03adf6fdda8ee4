import type { Clock } from '../../lib/clock.ts';
import type { Keyring } from '../../lib/keyring.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { Counters } from '../limits/counters.ts';
import { takeTurn } from '../limits/turns.ts';
import type { FederatedIdentity } from './identity.ts';
import { isIdentityOf } from './issuers.ts';
import { LOOK_MS, nextLook, openTokens, sealTokens } from './kept-tokens.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type Upstream, UpstreamError } from './upstream.ts';
import type { UpstreamProvider } from './upstream-provider.ts';
import type { SealedTokens, TokensOfIdentity, UpstreamTokenStore } from './upstream-token-store.ts';

/** How often tokens that are due are looked for. */
export const REFRESH_EVERY_SECONDS = 60;

/** Requests under way at once, of a process whose turn it is. */
const AT_ONCE = 8;

/** How long whoever claimed tokens has to ask the provider: several times what its fetches may take. */
const CLAIM_MS = 2 * 60_000;

/** Where a provider does not answer, the next try is after as long again as it has not, within these. */
const SHORTEST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;

const ORIGIN: Origin = { requestId: 'token-refresh', ip: 'server' };

/** The provider says that what began with this sign-in there is over. It may be told so twice. */
export type OnRefused = (identity: FederatedIdentity, origin: Origin) => Promise<void>;

/** Keeps the tokens of providers fresh. Disposing of it waits for those that are being refreshed. */
export interface TokenRefresh extends AsyncDisposable {
  /**
   * Refreshes what is due, unless another process that shares the store is at it. A refresh token may be good once, so it is claimed before it is used:
   * under any concurrency each is used once, unless its user stalls for longer than a claim lasts.
   */
  refreshInTurn(onRefused: OnRefused): Promise<void>;
}

export interface TokenRefreshDeps {
  readonly upstreamTokens: UpstreamTokenStore;
  readonly accounts: Pick<AccountStore, 'find'>;
  readonly providers: Pick<ProviderRegistry, 'list'>;
  readonly upstream: Pick<Upstream, 'refresh'>;
  readonly counters: Counters;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createTokenRefresh(deps: TokenRefreshDeps): TokenRefresh {
  const { upstreamTokens, accounts, providers, upstream, counters, keyring, audit, clock, logger } = deps;
  let running: Promise<void> | undefined;
  let closing = false;
  const inMs = (milliseconds: number) => new Date(clock().getTime() + milliseconds);

  /** What becomes of tokens that are claimed; undefined: they are forgotten. */
  async function attend(
    { identity, tokens }: TokensOfIdentity,
    provider: UpstreamProvider | undefined,
    onRefused: OnRefused,
  ): Promise<SealedTokens | undefined> {
    const account = await accounts.find(identity.tenantId, identity.accountId);
    // What one issuer gave is for no other, and the provider may be set to another by now.
    if (!account || !provider?.keepsTokens || !isIdentityOf(provider, identity)) return undefined;
    if (account.disabled || provider.disabled) return { ...tokens, dueAt: inMs(LOOK_MS) };
    const { clientId, refreshToken, renewAt } = openTokens(identity.id, tokens, keyring);
    if (clientId !== provider.clientId) return undefined;
    const now = clock();
    if (renewAt === undefined || renewAt > now.getTime()) return { ...tokens, dueAt: nextLook({ renewAt }, now) };
    if (refreshToken === undefined) return undefined;
    try {
      const fresh = await upstream.refresh(provider, refreshToken);
      return sealTokens(identity.id, { clientId, ...fresh, refreshToken: fresh.refreshToken ?? refreshToken }, { keyring, now: clock() });
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (error.kind === 'refused') return await refused({ identity, tokens }, error, onRefused);
      logger.warn({ provider: provider.id, kind: error.kind, reason: error.detail }, 'tokens of a provider could not be refreshed');
      const wait = Math.min(Math.max(now.getTime() - renewAt, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
      return { ...tokens, dueAt: inMs(wait) };
    }
  }

  /** Whoever signed in meanwhile has brought new ones, and is not meant. */
  async function refused({ identity, tokens }: TokensOfIdentity, { detail }: UpstreamError, onRefused: OnRefused): Promise<undefined> {
    if (!(await upstreamTokens.swap(identity.id, tokens, tokens))) return;
    await onRefused(identity, ORIGIN);
    const about = { tenantId: identity.tenantId, accountId: identity.accountId };
    await audit.record({
      type: 'federation.refresh_refused',
      origin: ORIGIN,
      ...about,
      detail: { provider: identity.providerId, reason: detail },
    });
  }

  async function claimAndAttend({ identity, tokens }: TokensOfIdentity, provider: UpstreamProvider | undefined, onRefused: OnRefused) {
    const claimed = { ...tokens, dueAt: inMs(CLAIM_MS) };
    if (!(await upstreamTokens.swap(identity.id, tokens, claimed))) return;
    try {
      await upstreamTokens.swap(identity.id, claimed, await attend({ identity, tokens: claimed }, provider, onRefused));
    } catch (error) {
      // It stays claimed, and comes again.
      logger.error({ err: error, provider: identity.providerId, accountId: identity.accountId }, 'refreshing tokens of a provider failed');
    }
  }

  async function run(onRefused: OnRefused): Promise<void> {
    const from = clock();
    if (!(await takeTurn(counters, { name: 'upstream-tokens', everySeconds: REFRESH_EVERY_SECONDS }, from))) return;
    const known = new Map((await providers.list(undefined, { disabledToo: true })).map((provider) => [provider.id, provider]));
    while (!closing && clock().getTime() - from.getTime() < REFRESH_EVERY_SECONDS * 1000) {
      const due = await upstreamTokens.due(from, AT_ONCE);
      await Promise.all(due.map((each) => claimAndAttend(each, known.get(each.identity.providerId), onRefused)));
      if (due.length < AT_ONCE) return;
    }
  }

  return {
    async refreshInTurn(onRefused) {
      if (running || closing) return;
      running = run(onRefused);
      try {
        await running;
      } finally {
        running = undefined;
      }
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      // Whoever began it hears of its failure.
      await running?.catch(() => undefined);
    },
  };
}
