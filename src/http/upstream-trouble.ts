import type { Federation } from '../domain/federation/federation-service.ts';
import { UpstreamError } from '../domain/federation/upstream.ts';
import type { ProviderId } from '../domain/federation/upstream-provider.ts';
import type { TenantId } from '../domain/tenants/tenant.ts';
import { type Problem, upstreamProblems } from './words.ts';

/** What went wrong at another provider, for a page that says it. */
export interface UpstreamTrouble {
  readonly problem: Problem;
  readonly status: number;
}

/** What to tell whoever is still here. @throws what was not the provider's fault, as it came */
export async function upstreamTrouble(
  error: unknown,
  { federation, tenant, provider }: { federation: Pick<Federation, 'offered'>; tenant: TenantId; provider: ProviderId },
): Promise<UpstreamTrouble> {
  if (!(error instanceof UpstreamError)) throw error;
  const offered = await federation.offered(tenant);
  const name = offered.find(({ id }) => id === provider)?.name ?? 'The other provider';
  if (error.kind === 'unavailable') return { problem: upstreamProblems.down(name), status: 502 };
  if (error.kind === 'refused') return { problem: upstreamProblems.refused(name), status: 401 };
  if (error.kind === 'stale') return { problem: upstreamProblems.stale(name), status: 401 };
  return { problem: upstreamProblems.wrong(name), status: 502 };
}
