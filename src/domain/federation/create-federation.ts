import { isDeepStrictEqual } from 'node:util';
import type { Account } from '../accounts/account.ts';
import type { Federation, FederationOutcome, Journey, OfferedProvider } from './federation-service.ts';
import type { LinkOffer, LinkTickets } from './link-tickets.ts';
import type { People } from './people.ts';
import { createRoundTrips, type RoundTripsDeps, tenantOf } from './round-trips.ts';
import type { UpstreamProvider } from './upstream-provider.ts';

export interface FederationDeps extends RoundTripsDeps {
  readonly tickets: LinkTickets;
  readonly people: People;
}

const offer = ({ id, name, preset }: UpstreamProvider): OfferedProvider => ({ id, name, preset });

export function createFederation(deps: FederationDeps): Federation {
  const { providers, tickets, people } = deps;
  const trips = createRoundTrips(deps);

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
      if (outcome.kind !== 'claimed') return present(provider, outcome);
      const { account, label } = outcome;
      const { issuer, subject } = identity;
      const ticket = await tickets.make({ provider: provider.id, issuer, subject, label, accountId: account.id, journey });
      return { kind: 'link_offered', ticket, provider: offer(provider), label, accountEmail: account.email };
    },

    async offeredLink(ticket, account, journey) {
      const offered = await tickets.find(ticket);
      if (!offered || !isFor(offered, account, journey)) return undefined;
      return { provider: offer(await trips.providerFor(offered.provider, journey)), label: offered.label };
    },

    async link(ticket, account, journey, origin) {
      const offered = await tickets.take(ticket);
      if (!offered || !isFor(offered, account, journey)) return false;
      const provider = await trips.providerFor(offered.provider, journey);
      return await people.link(provider, offered, account, origin);
    },
  };
}

const isFor = (offered: LinkOffer, account: Account, journey: Journey) =>
  offered.accountId === account.id && isDeepStrictEqual(offered.journey, journey);

function present(
  provider: UpstreamProvider,
  outcome:
    | { kind: 'known'; account: Account; amr: readonly string[]; secondFactor: boolean }
    | { kind: 'refused'; reason: FederationRefused },
): FederationOutcome {
  if (outcome.kind === 'refused') return { ...outcome, provider: offer(provider) };
  return { ...outcome, kind: 'signed_in' };
}

type FederationRefused = Extract<FederationOutcome, { kind: 'refused' }>['reason'];
