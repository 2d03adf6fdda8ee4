import { z } from 'zod';
import { AUDIT_PAGE, auditPage, auditQuery } from '../rest/audit-event-view.ts';
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
    query: z.strictObject({ token: queryToken, ...auditQuery }),
    answers: { 200: AUDIT_PAGE },
    handle: async ({ bearer: { tenant }, query }) => ({ status: 200, body: await auditPage(stores.audit, tenant.id, query) }),
  });
}
