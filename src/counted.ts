import type { Audit, AuditEntry } from './domain/audit/audit.ts';
import type { FederationMeter } from './domain/federation/federation-meter.ts';
import type { Federation } from './domain/federation/federation-service.ts';
import { UpstreamError } from './domain/federation/upstream.ts';
import type { ProviderId } from './domain/federation/upstream-provider.ts';
import type { HouseTokens } from './domain/tokens/house-tokens.ts';
import type { Tally } from './lib/tally.ts';

/** Counts every event that was recorded, and what it says of sign-ins and of the engine's tokens. */
export function countedAudit(audit: Audit, tally: Tally): Audit {
  return {
    async record(entry) {
      await audit.record(entry);
      countEntry(entry, tally);
    },
  };
}

function countEntry({ type, detail }: AuditEntry, tally: Tally): void {
  tally.count('audit', type);
  const [subject, verb = ''] = type.split('.');
  if (subject === 'login') tally.count('login', verb);
  // The engine tells which grant it was; those of the REST surfaces are counted where they are issued.
  if (type === 'token.issued' && typeof detail?.grantType === 'string') tally.count('token', detail.grantType);
}

/** Counts how sign-ins with other providers end. Whoever names one that is not there has not begun any. */
export function countedFederation(federation: Federation, meter: FederationMeter): Federation {
  async function watched<T>(provider: ProviderId, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof UpstreamError) meter.ended(provider, `upstream_${error.kind}`);
      throw error;
    }
  }
  return {
    ...federation,
    begin: (wish, origin) => watched(wish.provider, federation.begin(wish, origin)),
    async finish(answer, origin) {
      const outcome = await watched(answer.provider, federation.finish(answer, origin));
      meter.ended(answer.provider, outcome.kind === 'refused' ? outcome.reason : outcome.kind);
      return outcome;
    },
  };
}

export function countedTokens(tokens: HouseTokens, tally: Tally): HouseTokens {
  return {
    ...tokens,
    async issue(draft) {
      const issued = await tokens.issue(draft);
      if (issued) tally.count('token', draft.kind);
      return issued;
    },
  };
}
