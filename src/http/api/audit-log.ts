import { z } from 'zod';
import { AUDIT_TYPES, type AuditEvent } from '../../domain/audit/audit-log.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { ADMINISTER } from './access.ts';
import { cut, limitSchema } from './paging.ts';

const typeSchema = z.enum(AUDIT_TYPES);

const eventSchema = z.strictObject({
  id: z.int().meta({ description: 'Ascending: the newest has the highest.' }),
  at: z.iso.datetime(),
  type: typeSchema,
  account_id: z.string().nullable(),
  client_id: z.string().nullable(),
  ip: z.string(),
  request_id: z.string(),
  detail: z.record(z.string(), z.json()),
});

const EXAMPLE = {
  id: 4711,
  at: '2026-04-20T16:18:51.000Z',
  type: 'login.succeeded',
  account_id: '00000000-0000-4000-8000-000000000010',
  client_id: null,
  ip: '192.0.2.7',
  request_id: 'req_7F3A-90C1-5E2B',
  detail: { amr: ['pwd'], api: true },
};

export function showAuditLog({ stores }: Pick<RestServices, 'stores'>): Route {
  return guardedRoute({
    method: 'get',
    path: '/audit-log',
    summary: 'Read the audit log of your organisation',
    access: ADMINISTER,
    query: z.strictObject({
      limit: limitSchema,
      before: z
        .string()
        .regex(/^[1-9]\d{0,14}$/, 'the id of an event')
        .transform(Number)
        .optional()
        .meta({ description: '`next_cursor` of the answer before: events that are older.' }),
      type: typeSchema.optional(),
      account: z.string().max(64).optional().meta({ description: 'Events about the user with this id.' }),
    }),
    answers: {
      200: {
        description: 'Events, newest first; `next_cursor` is null at the end.',
        schema: z.strictObject({ events: z.array(eventSchema), next_cursor: z.int().nullable() }),
        example: { events: [EXAMPLE], next_cursor: 4711 },
      },
    },
    async handle({ bearer: { tenant }, query: { limit, before, type, account } }) {
      const found = await stores.audit.list({ tenantId: tenant.id, accountId: account, type, before, limit: limit + 1 });
      const { entries, more } = cut(found, limit);
      return { status: 200, body: { events: entries.map(toEvent), next_cursor: (more && entries.at(-1)?.sequence) || null } };
    },
  });
}

function toEvent({ sequence, at, type, accountId, clientId, ip, requestId, detail }: AuditEvent): object {
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
