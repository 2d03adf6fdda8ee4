import type { Context } from 'koa';
import { z } from 'zod';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { Bearer } from '../../domain/tokens/bearer.ts';
import { admit, presentedToken } from '../rest/admit.ts';
import { eventIdSchema } from '../rest/audit-event-view.ts';
import { type Access, guardedRoute, type Route } from '../rest/route.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { ADMINISTER, WATCH } from './access.ts';
import { streamEvents } from './event-stream.ts';
import { followEvents } from './new-events.ts';
import { queryToken } from './query-token.ts';
import { createStreamSlots } from './stream-slots.ts';

type StreamServices = Pick<RestServices, 'stores' | 'bearers' | 'houseTokens' | 'clock' | 'stop'>;

export function watchEvents(services: StreamServices): Route {
  const slots = createStreamSlots();
  return guardedRoute({
    method: 'get',
    path: '/stream',
    summary: 'Watch the security events of your organisation, as server-sent events',
    access: WATCH,
    acts: true,
    query: z.strictObject({
      token: queryToken,
      last_event_id: eventIdSchema
        .optional()
        .meta({ description: 'Begin after this event. The header Last-Event-ID says the same, and counts for more.' }),
    }),
    troubles: ['rate_limited', 'overloaded'],
    answers: {
      200: { description: 'text/event-stream: `id` and `event` of each are the number and type in the audit log, `data` is its entry.' },
    },
    async handle({ ctx, bearer, query, origin }) {
      const after = lastEventId(ctx) ?? query.last_event_id;
      using _slot = slots.take(String(bearer.account?.id ?? bearer.client?.id));
      const readsAll = isAdmitted(bearer, ADMINISTER);
      const cursor = await followEvents(services.stores.audit, { tenant: bearer.tenant.id, after, from: services.clock(), readsAll });
      const closed = new AbortController();
      ctx.res.once('close', () => closed.abort());
      begin(ctx);
      const mayGoOn = () => isStillAdmitted(services, bearer, ctx, origin);
      try {
        await streamEvents(ctx.res, { cursor, mayGoOn }, AbortSignal.any([closed.signal, services.stop]));
      } finally {
        ctx.res.end();
      }
      return undefined;
    },
  });
}

/** What EventSource sends when it connects again. @throws TroubleError */
function lastEventId(ctx: Context): number | undefined {
  const header = ctx.get('Last-Event-ID');
  if (header === '') return undefined;
  const parsed = eventIdSchema.safeParse(header);
  if (parsed.success) return parsed.data;
  throw new TroubleError({ kind: 'bad_request', field: 'Last-Event-ID', message: 'Last-Event-ID has to be the id of an event.' });
}

function begin(ctx: Context): void {
  // Written here, not by Koa: what is written waits for the reader, and the request lasts as long as the stream.
  ctx.respond = false;
  ctx.status = 200;
  ctx.set('Content-Type', 'text/event-stream; charset=utf-8');
  // Else nginx collects it.
  ctx.set('X-Accel-Buffering', 'no');
  ctx.res.flushHeaders();
}

/** By the token that was presented, or the one that the ticket was made with: it may have ended, and its person may have lost the role. */
async function isStillAdmitted(
  { bearers, houseTokens }: StreamServices,
  { token }: Bearer,
  ctx: Context,
  origin: Origin,
): Promise<boolean> {
  const current = token && (await houseTokens.findDigest(token.kind, token.digest));
  if (token && !current) return false;
  const bearer = current ? await bearers.ofToken(current, origin) : await bearers.identify(presentedToken(ctx) ?? '', origin);
  return typeof bearer !== 'string' && isAdmitted(bearer, WATCH);
}

function isAdmitted(bearer: Bearer, access: Access): boolean {
  try {
    admit(bearer, access);
    return true;
  } catch (error) {
    if (error instanceof TroubleError) return false;
    throw error;
  }
}
