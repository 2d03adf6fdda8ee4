import type Provider from 'oidc-provider';
import { accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import type { FindSignedIn } from '../domain/sessions/signed-in.ts';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import type { HttpExchange } from './interactions.ts';
import { isOf, type SessionLifetimes, termOf } from './sessions.ts';

export interface SignedInDeps {
  readonly provider: Provider;
  readonly accounts: AccountStore;
  readonly lifetimes: SessionLifetimes;
  readonly clock: Clock;
}

export function createFindSignedIn({ provider, accounts, lifetimes, clock }: SignedInDeps): FindSignedIn<HttpExchange> {
  return async ({ req, res }) => {
    const session = await provider.Session.get(provider.createContext(req, res));
    if (session.accountId === undefined || session.loginTs === undefined) return undefined;
    if (termOf(session, lifetimes, epochSeconds(clock())).left < 1) return undefined;
    const account = await accounts.findSubject(accountId(session.accountId));
    if (!account || account.disabled || !isOf(session, account)) return undefined;
    return { account, since: new Date(session.loginTs * 1000), amr: session.amr ?? [] };
  };
}
