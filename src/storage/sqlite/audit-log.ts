import type { AuditEvent, AuditFilter, AuditLog, AuditType } from '../../domain/audit/audit-log.ts';
import type { Connection, Statement } from './connection.ts';

export interface AuditRow {
  readonly sequence: number;
  readonly at: number;
  readonly type: string;
  readonly tenant_id: string | null;
  readonly account_id: string | null;
  readonly client_id: string | null;
  readonly request_id: string;
  readonly ip: string;
  readonly detail: string;
}

const CONDITIONS = {
  tenantId: 'tenant_id = :tenantId',
  accountId: 'account_id = :accountId',
  clientId: 'client_id = :clientId',
  type: 'type = :type',
  before: 'sequence < :before',
} as const;

export function createAuditLog(connection: Connection): AuditLog {
  const insert = connection.statement(
    `INSERT INTO audit_events (at, type, tenant_id, account_id, client_id, request_id, ip, detail)
     VALUES (:at, :type, :tenant_id, :account_id, :client_id, :request_id, :ip, :detail)`,
  );
  // One per combination of conditions, made when it is first asked for.
  const selects = new Map<string, Statement<AuditRow>>();
  const select = (where: string) => {
    const known = selects.get(where);
    if (known) return known;
    const made = connection.statement<AuditRow>(`SELECT * FROM audit_events ${where} ORDER BY sequence DESC LIMIT :limit`);
    selects.set(where, made);
    return made;
  };

  return {
    async append(event) {
      await connection.change(insert, fromEvent(event));
    },
    list(filter) {
      const { where, values } = condition(filter);
      return connection.read(() => select(where).all(values).map(toEvent));
    },
  };
}

function condition(filter: AuditFilter) {
  const terms: string[] = [];
  const values: Record<string, string | number> = { limit: filter.limit };
  for (const [name, term] of Object.entries(CONDITIONS)) {
    const value = filter[name as keyof typeof CONDITIONS];
    if (value === undefined) continue;
    terms.push(term);
    values[name] = value;
  }
  return { where: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`, values };
}

export function fromEvent(event: Omit<AuditEvent, 'sequence'>) {
  return {
    at: event.at.getTime(),
    type: event.type,
    tenant_id: event.tenantId ?? null,
    account_id: event.accountId ?? null,
    client_id: event.clientId ?? null,
    request_id: event.requestId,
    ip: event.ip,
    detail: JSON.stringify(event.detail),
  };
}

export function toEvent(row: AuditRow): AuditEvent {
  return {
    sequence: row.sequence,
    at: new Date(row.at),
    type: row.type as AuditType,
    tenantId: row.tenant_id ?? undefined,
    accountId: row.account_id ?? undefined,
    clientId: row.client_id ?? undefined,
    requestId: row.request_id,
    ip: row.ip,
    detail: JSON.parse(row.detail),
  };
}
