import type { Clock } from '../../lib/clock.ts';
import type { Json, JsonObject } from '../../lib/json.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AuditLog, AuditType, Origin } from './audit-log.ts';

export interface AuditEntry {
  readonly type: AuditType;
  readonly origin: Origin;
  readonly tenantId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  /** Long texts and lists in it are cut: some of it is whatever a stranger sent. */
  readonly detail?: JsonObject;
}

/** The one way an event is told: it reaches the audit log and the process log together. */
export interface Audit {
  /**
   * An act is stored first, its entry follows before anybody hears that it is done. Resolves when the entry is stored; rejects when it
   * cannot be, and the request fails: then the act stands without an entry, and whoever asked was told of a failure.
   */
  record(entry: AuditEntry): Promise<void>;
}

/** Characters, and entries. */
const LONGEST_TEXT = 200;
const LONGEST_LIST = 50;

function shorten(value: Json): Json {
  if (typeof value === 'string')
    return value.length <= LONGEST_TEXT ? value : `${value.slice(0, LONGEST_TEXT - 1).replace(/[\ud800-\udbff]$/, '')}…`;
  if (value === null || typeof value !== 'object') return value;
  return Array.isArray(value) ? value.slice(0, LONGEST_LIST).map(shorten) : shortenMembers(value as JsonObject);
}

function shortenMembers(detail: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(detail)
      .slice(0, LONGEST_LIST)
      .map(([name, value]) => [name, value === undefined ? value : shorten(value)]),
  );
}

export function createAudit({ log, clock, logger }: { log: AuditLog; clock: Clock; logger: Logger }): Audit {
  return {
    async record({ type, origin, tenantId, accountId, clientId, detail: whole = {} }) {
      const { actor } = origin;
      const bySomebodyElse = actor !== undefined && actor !== accountId && actor !== clientId;
      const detail = shortenMembers(bySomebodyElse ? { by: actor, ...whole } : whole);
      logger.info({ event: type, requestId: origin.requestId, ip: origin.ip, tenantId, accountId, clientId, detail }, type);
      await log.append({ at: clock(), type, tenantId, accountId, clientId, requestId: origin.requestId, ip: origin.ip, detail });
    },
  };
}
