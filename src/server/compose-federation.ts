import type { House } from '../compose.ts';
import { redirectUriOf } from '../config/web-oidc.ts';
import { createFederation } from '../domain/federation/create-federation.ts';
import type { Federation } from '../domain/federation/federation-service.ts';
import { createJourneys } from '../domain/federation/journeys.ts';
import { createLinkTickets } from '../domain/federation/link-tickets.ts';
import { createPeople } from '../domain/federation/people.ts';
import type { TenantId } from '../domain/tenants/tenant.ts';

/** Signing in with other identity providers, over a house. */
export function composeFederation(house: House, firstTenant: TenantId): Federation {
  const { config, storage, keyring, clock, audit, providers, upstream } = house;
  const { artifacts, identities, accounts } = storage;
  return createFederation({
    providers,
    upstream,
    journeys: createJourneys({ artifacts, keyring, clock }),
    tickets: createLinkTickets({ artifacts, keyring, clock }),
    people: createPeople({ identities, accounts, accountService: house.accounts, tenants: house.tenants, audit, clock, firstTenant }),
    audit,
    callbackOf: ({ id }) => redirectUriOf(id, config),
  });
}
