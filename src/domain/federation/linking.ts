import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { labelOf, mapClaims } from './claims-mapping.ts';
import type { Journey } from './federation-service.ts';
import type { IdentityStore } from './identity-store.ts';
import type { LinkTickets } from './link-tickets.ts';
import type { RoundTrips } from './round-trips.ts';
import type { ProviderId } from './upstream-provider.ts';

/** Who came back from a provider to be linked. */
export type Meeting =
  /** `ticket` links them to this account, once, in this journey alone (Federation.offeredLink and link). */
  | { readonly kind: 'offered'; readonly ticket: string }
  /** They are linked to this account already. */
  | { readonly kind: 'known'; readonly provider: string; readonly label: string }
  /** They are somebody else's here; nobody learns whose. */
  | { readonly kind: 'taken'; readonly provider: string; readonly label: string };

/** Linking an account that somebody is signed in to; the way there and back is that of signing in. */
export interface Linking extends Pick<RoundTrips, 'begin'> {
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
  return {
    begin: trips.begin,

    async meet(answer, { id: accountId, tenantId }, origin) {
      const { provider, identity } = await trips.finish(answer, origin);
      const { issuer, subject, claims } = identity;
      const label = labelOf(mapClaims(claims, provider.claims, provider.roles), subject);
      const owner = (await identities.find(issuer, subject))?.accountId;
      if (owner === accountId) return { kind: 'known', provider: provider.name, label };
      if (owner !== undefined) {
        await audit.record({ type: 'federation.refused', origin, tenantId, accountId, detail: { provider: provider.id, reason: 'taken' } });
        return { kind: 'taken', provider: provider.name, label };
      }
      const { journey } = answer;
      return { kind: 'offered', ticket: await tickets.make({ provider: provider.id, issuer, subject, label, accountId, journey }) };
    },
  };
}
