import { z } from 'zod';
import { cut, limitSchema } from '../api/paging.ts';
import { auditTypeSchema, EVENT_EXAMPLE, eventIdSchema, eventSchema, toEvent } from '../rest/audit-event-view.ts';
import { guardedRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { ADMINISTER } from './access.ts';
import { queryToken } from './query-token.ts';

export function showAudit({ stores }: Pick<RestServices, 'stores'>): Route {
  return guardedRoute({
    method: 'get',
    path: '/audit',
    summary: 'Read the audit log of your organisation',
    access: ADMINISTER,
    query: z.strictObject({
      token: queryToken,
      limit: limitSchema,
      before: eventIdSchema.optional().meta({ description: '`next_cursor` of the answer before: events that are older.' }),
      type: auditTypeSchema.optional(),
      account: z.string().max(64).optional().meta({ description: 'Events about the user with this id.' }),
    }),
    answers: {
      200: {
        description: 'Events, newest first; `next_cursor` is null at the end.',
        schema: z.strictObject({ events: z.array(eventSchema), next_cursor: z.int().nullable() }),
        example: { events: [EVENT_EXAMPLE], next_cursor: 4711 },
      },
    },
    async handle({ bearer: { tenant }, query: { limit, before, type, account } }) {
      const found = await stores.audit.list({ tenantId: tenant.id, accountId: account, type, before, limit: limit + 1 });
      const { entries, more } = cut(found, limit);
      return { status: 200, body: { events: entries.map(toEvent), next_cursor: (more && entries.at(-1)?.sequence) || null } };
    },
  });
}
