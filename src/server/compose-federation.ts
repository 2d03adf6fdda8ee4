import type { House } from '../compose.ts';
import { registrationOf } from '../config/web-oidc.ts';
import { countedFederation } from '../counted.ts';
import { createFederation } from '../domain/federation/create-federation.ts';
import type { Federation } from '../domain/federation/federation-service.ts';
import { createLinkTickets } from '../domain/federation/link-tickets.ts';
import { createLinking, type Linking } from '../domain/federation/linking.ts';
import { createLogoutNotices, type EndVisit, type LogoutNotices } from '../domain/federation/logout-notices.ts';
import { createPeople } from '../domain/federation/people.ts';
import { createSignOutElsewhere, type SignOutElsewhere } from '../domain/federation/sign-out-elsewhere.ts';
import { createVisits, type Visits } from '../domain/federation/visits.ts';
import type { TenantId } from '../domain/tenants/tenant.ts';
import { TOKEN_SECONDS } from '../domain/tokens/house-token.ts';

/** What the engine has to know of those who came from elsewhere. */
export function composeVisits(house: House): { visits: Visits; signOut: SignOutElsewhere } {
  const { config, storage, keyring, clock, audit, providers, upstream } = house;
  const { artifacts } = storage;
  const longest = Math.max(config.lifetimes.session_absolute, config.lifetimes.remembered_session, TOKEN_SECONDS.SessionToken);
  const visits = createVisits({ artifacts, keyring, clock, longest });
  const returnAddressOf = ({ id }: { readonly id: string }) => registrationOf(id, config).post_logout_redirect_uri;
  return { visits, signOut: createSignOutElsewhere({ providers, upstream, visits, artifacts, keyring, audit, clock, returnAddressOf }) };
}

interface FederationOptions {
  readonly firstTenant: TenantId;
  readonly visits: Visits;
  readonly endSessions: EndVisit;
}

/** Signing in with other identity providers, over a house. */
export function composeFederation(
  house: House,
  { firstTenant, visits, endSessions }: FederationOptions,
): { federation: Federation; linking: Linking; notices: LogoutNotices } {
  const { storage, keyring, clock, audit, providers, trips } = house;
  const { artifacts, identities, accounts } = storage;
  const tickets = createLinkTickets({ artifacts, keyring, clock });
  const federation = createFederation({
    providers,
    trips,
    tickets,
    people: createPeople({
      identities,
      accounts,
      accountService: house.accounts,
      tenants: house.tenants,
      keepTokens: house.keepTokens,
      notices: house.notices,
      audit,
      clock,
      firstTenant,
    }),
    visits,
  });
  const linking = createLinking({ trips, tickets, identities, audit });
  return {
    federation: countedFederation(federation, house.federationMeter),
    linking,
    notices: createLogoutNotices({ ...house, artifacts, visits, endSessions }),
  };
}
