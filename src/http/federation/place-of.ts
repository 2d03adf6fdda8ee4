import { waysPath } from '../../domain/clients/account-client.ts';
import type { Journey } from '../../domain/federation/journeys.ts';
import type { TenantStore } from '../../domain/tenants/tenant-store.ts';

/**
 * Where an answer of a provider belongs: to the pages that a journey began at, whose cookies have their path. Undefined for one of the session API, and
 * when there is no such journey any more.
 */
export async function placeOf(journey: Journey | undefined, provider: string, tenants: TenantStore): Promise<string | undefined> {
  if (journey?.kind === 'trial') return `/federation/${encodeURIComponent(provider)}/callback`;
  const answer = `upstream/${encodeURIComponent(provider)}`;
  if (journey?.kind === 'interaction') return `/interaction/${journey.uid}/${answer}`;
  const tenant = journey?.kind === 'account' && (await tenants.find(journey.tenantId));
  return tenant ? `${waysPath(tenant)}/${answer}` : undefined;
}
