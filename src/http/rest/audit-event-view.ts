import { z } from 'zod';
import { AUDIT_TYPES, type AuditEvent, type AuditLog } from '../../domain/audit/audit-log.ts';
import type { TenantId } from '../../domain/tenants/tenant.ts';
import { cut, limitSchema } from './paging.ts';

const auditTypeSchema = z.enum(AUDIT_TYPES);

/** The number of an event, as it stands in a query or header. */
export const eventIdSchema = z
  .string()
  .regex(/^\d{1,16}$/, 'the id of an event')
  .transform(Number)
  .refine(Number.isSafeInteger, 'the id of an event');

/** An event of the audit log, in every answer that tells of one. */
const eventSchema = z.strictObject({
  id: z.int().meta({ description: 'Ascending: the newest has the highest.' }),
  at: z.iso.datetime(),
  type: auditTypeSchema,
  account_id: z.string().nullable(),
  client_id: z.string().nullable(),
  ip: z.string(),
  request_id: z.string(),
  detail: z.record(z.string(), z.json()),
});

const EVENT_EXAMPLE = {
  id: 4711,
  at: '2026-04-20T16:18:51.000Z',
  type: 'login.succeeded',
  account_id: '00000000-0000-4000-8000-000000000010',
  client_id: null,
  ip: '192.0.2.7',
  request_id: 'req_7F3A-90C1-5E2B',
  detail: { amr: ['pwd'], api: true },
};

/** Which events a call asks for, as members of its query. */
export const auditQuery = {
  limit: limitSchema,
  before: eventIdSchema.optional().meta({ description: '`next_cursor` of the answer before: events that are older.' }),
  type: auditTypeSchema.optional(),
  account: z.string().max(64).optional().meta({ description: 'Events about the user with this id.' }),
};

export const AUDIT_PAGE = {
  description: 'Events, newest first; `next_cursor` is null at the end.',
  schema: z.strictObject({ events: z.array(eventSchema), next_cursor: z.int().nullable() }),
  example: { events: [EVENT_EXAMPLE], next_cursor: 4711 },
};

interface AuditQuery {
  readonly limit: number;
  readonly before?: number | undefined;
  readonly type?: AuditEvent['type'] | undefined;
  readonly account?: string | undefined;
}

export async function auditPage(log: AuditLog, tenantId: TenantId, { limit, before, type, account }: AuditQuery): Promise<object> {
  const { entries, more } = cut(await log.list({ tenantId, accountId: account, type, before, limit: limit + 1 }), limit);
  return { events: entries.map(toEvent), next_cursor: (more && entries.at(-1)?.sequence) || null };
}

export function toEvent({ sequence, at, type, accountId, clientId, ip, requestId, detail }: AuditEvent): object {
  return {
    id: sequence,
    at: at.toISOString(),
    type,
    account_id: accountId ?? null,
    client_id: clientId ?? null,
    ip,
    request_id: requestId,
    detail,
  };
}
