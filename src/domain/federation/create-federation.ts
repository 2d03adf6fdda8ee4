import { isDeepStrictEqual } from 'node:util';
import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { NotFoundError } from '../errors.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { Federation, FederationOutcome, Journey, OfferedProvider } from './federation-service.ts';
import type { Journeys } from './journeys.ts';
import type { LinkOffer, LinkTickets } from './link-tickets.ts';
import type { People } from './people.ts';
import { type Upstream, UpstreamError } from './upstream.ts';
import type { ProviderId, UpstreamProvider } from './upstream-provider.ts';

export interface FederationDeps {
  readonly providers: {
    /** The enabled ones of a tenant, in order; undefined: all there are. */
    list(tenant: TenantId | undefined): Promise<readonly UpstreamProvider[]>;
  };
  readonly upstream: Upstream;
  readonly journeys: Journeys;
  readonly tickets: LinkTickets;
  readonly people: People;
  readonly audit: Audit;
  /** The address at which a provider's answers arrive; each has one of its own, so that answers cannot be mixed up. */
  readonly callbackOf: (provider: UpstreamProvider) => string;
}

const offer = ({ id, name, preset }: UpstreamProvider): OfferedProvider => ({ id, name, preset });

export function createFederation(deps: FederationDeps): Federation {
  const { providers, upstream, journeys, tickets, people, audit, callbackOf } = deps;

  const tenantOf = (journey: Journey) => (journey.kind === 'interaction' ? journey.tenantId : undefined);

  async function providerFor(id: ProviderId, journey: Journey): Promise<UpstreamProvider> {
    const found = (await providers.list(tenantOf(journey))).find((provider) => provider.id === id);
    if (!found) throw new NotFoundError('There is no such way to sign in here.');
    return found;
  }

  /** What a provider did wrong is written down before anybody hears of it. */
  async function watched<T>(provider: UpstreamProvider, origin: Origin, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UpstreamError) {
        const detail = { provider: provider.id, kind: error.kind, reason: error.detail };
        await audit.record({ type: 'federation.failed', origin, tenantId: provider.tenantId, detail });
      }
      throw error;
    }
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

    async begin({ provider: id, journey, hints }, origin) {
      const provider = await providerFor(id, journey);
      const redirectUri = callbackOf(provider);
      const expected = await journeys.depart({ provider: id, journey, redirectUri });
      return await watched(provider, origin, () => upstream.authorizationUrl(provider, redirectUri, { ...expected, ...hints }));
    },

    async journeyOf(provider, state) {
      const departure = await journeys.find(state);
      return departure?.provider === provider ? departure.journey : undefined;
    },

    async finish({ provider: id, journey, callback }, origin) {
      const state = callback.searchParams.get('state') ?? '';
      const departure = await journeys.find(state);
      const fits = departure?.provider === id && isDeepStrictEqual(departure.journey, journey);
      const provider = await providerFor(id, journey);
      if (!fits || !(await journeys.arrive(state))) throw new NotFoundError('This sign-in was finished already, or began elsewhere.');
      const { expected, redirectUri } = departure;
      const identity = await watched(provider, origin, () => upstream.redeem(provider, callback, { ...expected, redirectUri }));
      const outcome = await people.recognise(provider, identity, tenantOf(journey), origin);
      if (outcome.kind !== 'claimed') return present(provider, outcome);
      const { account, label } = outcome;
      const { issuer, subject } = identity;
      const ticket = await tickets.make({ provider: id, issuer, subject, label, accountId: account.id, journey });
      return { kind: 'link_offered', ticket, provider: offer(provider), label, accountEmail: account.email };
    },

    async offeredLink(ticket, account, journey) {
      const offered = await tickets.find(ticket);
      if (!offered || !isFor(offered, account, journey)) return undefined;
      return { provider: offer(await providerFor(offered.provider, journey)), label: offered.label };
    },

    async link(ticket, account, journey, origin) {
      const offered = await tickets.take(ticket);
      if (!offered || !isFor(offered, account, journey)) return false;
      const provider = await providerFor(offered.provider, journey);
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
