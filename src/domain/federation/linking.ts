import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { labelOf, mapClaims } from './claims-mapping.ts';
import type { IdentityStore } from './identity-store.ts';
import type { Journey } from './journeys.ts';
import type { LinkTickets } from './link-tickets.ts';
import type { RoundTrips } from './round-trips.ts';
import { mayVouchFor, type ProviderId, type UpstreamProvider } from './upstream-provider.ts';

/** Who came back from a provider to be linked. */
export type Meeting =
  /** `ticket` links them to this account, once, in this journey alone (Federation.offeredLink and link). */
  | { readonly kind: 'offered'; readonly ticket: string }
  /** They are linked to this account already. */
  | { readonly kind: 'known'; readonly provider: string; readonly label: string }
  /** They are somebody else's here; nobody learns whose. */
  | { readonly kind: 'taken'; readonly provider: string; readonly label: string };

/** `barred`: its word is not good for this account, so nobody is sent there. */
export type Sending = { readonly kind: 'sent'; readonly address: URL } | { readonly kind: 'barred'; readonly provider: string };

/** Linking an account that somebody is signed in to; the way there and back is that of signing in. */
export interface Linking {
  /** @throws NotFoundError when there is no such provider for this tenant, UpstreamError */
  begin(wish: { readonly provider: ProviderId; readonly journey: Journey }, account: Account, origin: Origin): Promise<Sending>;
  /**
   * Whom the provider sent; once for each state, under any concurrency. Nothing is linked yet.
   * @throws NotFoundError when the state is not of this provider and journey, UpstreamError
   */
  meet(
    answer: { readonly provider: ProviderId; readonly journey: Journey; readonly callback: URL },
    account: Account,
    origin: Origin,
  ): Promise<Meeting>;
}

export interface LinkingDeps {
  readonly trips: RoundTrips;
  readonly tickets: LinkTickets;
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly audit: Audit;
}

export function createLinking({ trips, tickets, identities, audit }: LinkingDeps): Linking {
  const refuse = (reason: string, { id: provider }: UpstreamProvider, { id: accountId, tenantId }: Account, origin: Origin) =>
    audit.record({ type: 'federation.refused', origin, tenantId, accountId, detail: { provider, reason } });

  return {
    async begin({ provider: id, journey }, account, origin) {
      const provider = await trips.providerFor(id, journey);
      if (mayVouchFor(provider, account)) return { kind: 'sent', address: await trips.begin({ provider: id, journey, hints: {} }, origin) };
      await refuse('not_allowed', provider, account, origin);
      return { kind: 'barred', provider: provider.name };
    },

    async meet(answer, account, origin) {
      const { provider, identity } = await trips.finish(answer, origin);
      const { id: accountId } = account;
      const { issuer, subject, claims } = identity;
      const label = labelOf(mapClaims(claims, provider.claims, provider.roles), subject);
      const owner = (await identities.find(issuer, subject))?.accountId;
      if (owner === accountId) return { kind: 'known', provider: provider.name, label };
      if (owner !== undefined) {
        await refuse('taken', provider, account, origin);
        return { kind: 'taken', provider: provider.name, label };
      }
      const { journey } = answer;
      return { kind: 'offered', ticket: await tickets.make({ provider: provider.id, issuer, subject, label, accountId, journey }) };
    },
  };
}
