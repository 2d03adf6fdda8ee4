import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AuditLog, AuditType, Origin } from './audit-log.ts';

export interface AuditEntry {
  readonly type: AuditType;
  readonly origin: Origin;
  readonly tenantId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly detail?: JsonObject;
}

/** The one way an event is told: it reaches the audit log and the process log together. */
export interface Audit {
  /** Resolves when the entry is stored; rejects when it cannot be, and then what it is about must not go ahead. */
  record(entry: AuditEntry): Promise<void>;
}

export function createAudit({ log, clock, logger }: { log: AuditLog; clock: Clock; logger: Logger }): Audit {
  return {
    async record({ type, origin, tenantId, accountId, clientId, detail = {} }) {
      logger.info({ event: type, requestId: origin.requestId, ip: origin.ip, tenantId, accountId, clientId, detail }, type);
      await log.append({ at: clock(), type, tenantId, accountId, clientId, requestId: origin.requestId, ip: origin.ip, detail });
    },
  };
}
