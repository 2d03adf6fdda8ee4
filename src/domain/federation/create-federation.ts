import { isDeepStrictEqual } from 'node:util';
import type { Account } from '../accounts/account.ts';
import type { Federation, OfferedProvider } from './federation-service.ts';
import type { Journey } from './journeys.ts';
import type { LinkOffer, LinkTickets } from './link-tickets.ts';
import type { People } from './people.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import { type RoundTrips, tenantOf } from './round-trips.ts';
import { UpstreamError, type UpstreamIdentity } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';
import type { VisitId, Visits } from './visits.ts';

export interface FederationDeps {
  readonly providers: Pick<ProviderRegistry, 'find' | 'list'>;
  readonly trips: RoundTrips;
  readonly tickets: LinkTickets;
  readonly people: People;
  readonly visits: Visits;
}

const offer = ({ id, name, preset, homeDomains }: UpstreamProvider): OfferedProvider => ({ id, name, preset, homeDomains });

export function createFederation({ providers, trips, tickets, people, visits }: FederationDeps): Federation {
  /** It may have been disabled since. */
  const stillThere = (id: ProviderId, journey: Journey) => providers.find(id, tenantOf(journey));

  /** @throws UpstreamError when they have signed out there since */
  async function beginVisit(provider: UpstreamProvider, identity: UpstreamIdentity, account: Account, journey: Journey): Promise<VisitId> {
    const { issuer, subject, claims, idToken } = identity;
    const draft = {
      provider: provider.id,
      issuer,
      subject,
      sid: typeof claims.sid === 'string' ? claims.sid : undefined,
      issuedAt: numberOf(claims.iat),
      authTime: numberOf(claims.auth_time),
      accountId: account.id,
      tenantId: account.tenantId,
      idToken: provider.endsSession ? idToken : undefined,
    };
    const visit = await visits.begin(draft, signInOf(journey));
    if (visit) return visit;
    throw new UpstreamError('They signed out there while they came here.', { kind: 'refused' });
  }

  return {
    async offered(tenant) {
      return (await providers.list(tenant)).map(offer);
    },

    async homeOf(tenant, email) {
      const domain = email.split('@').at(-1)?.trim().toLowerCase() ?? '';
      const found = (await providers.list(tenant)).find(({ homeDomains }) => homeDomains.includes(domain));
      return email.includes('@') && found ? offer(found) : undefined;
    },

    begin: trips.begin,
    journeyOf: trips.journeyOf,

    async finish({ journey, ...answer }, origin) {
      const { provider, identity } = await trips.finish({ journey, ...answer }, origin);
      const outcome = await people.recognise(provider, identity, tenantOf(journey), origin);
      if (outcome.kind === 'refused') return { ...outcome, provider: offer(provider) };
      if (outcome.kind === 'known')
        return { ...outcome, kind: 'signed_in', visit: await beginVisit(provider, identity, outcome.account, journey) };
      const { account, label } = outcome;
      const { issuer, subject } = identity;
      const ticket = await tickets.make({ provider: provider.id, issuer, subject, label, accountId: account.id, journey });
      return { kind: 'link_offered', ticket, provider: offer(provider), label, accountEmail: account.email };
    },

    async offeredLink(ticket, account, journey) {
      const offered = await tickets.find(ticket);
      const provider = offered && isFor(offered, account, journey) && (await stillThere(offered.provider, journey));
      return provider ? { provider: offer(provider), label: offered.label } : undefined;
    },

    async link(ticket, account, journey, origin) {
      const offered = await tickets.take(ticket);
      const provider = offered && isFor(offered, account, journey) && (await stillThere(offered.provider, journey));
      return provider ? await people.link(provider, offered, account, origin) : false;
    },
  };
}

const isFor = (offered: LinkOffer, account: Account, journey: Journey) =>
  offered.accountId === account.id && isDeepStrictEqual(offered.journey, journey);

const numberOf = (claim: unknown) => (typeof claim === 'number' ? claim : undefined);

/** What names the sign-in that a journey is for. */
function signInOf(journey: Journey): string {
  if (journey.kind === 'interaction') return journey.uid;
  return journey.kind === 'trial' ? journey.trial : journey.browser;
}
