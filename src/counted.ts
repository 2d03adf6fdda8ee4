import type { Audit, AuditEntry } from './domain/audit/audit.ts';
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
