import type { Context } from 'koa';
import { z } from 'zod';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { Bearer, Refused } from '../../domain/tokens/bearer.ts';
import { guessKind } from '../../domain/tokens/token-values.ts';
import type { RestServices } from '../rest/services.ts';
import { TroubleError } from '../rest/trouble.ts';
import { isTicket, useTicket } from './tickets.ts';

/** In the query of every route that has one. With a header it is not looked at; without one it is gone before the query is read. */
export const queryToken = z.string().max(1024).optional().meta({ description: 'The session token, for whoever can send no header.' });

type QueryServices = Pick<RestServices, 'stores' | 'houseTokens' | 'bearers' | 'queryTokens'>;

/**
 * The bearer of `?token=`: what stands in an address is read by proxies and kept in histories, so only what ends soon will do.
 * @param streamPath where a ticket is good
 */
export function identifyByQuery(services: QueryServices, streamPath: string) {
  return async (ctx: Context, origin: Origin): Promise<Bearer | Refused | undefined> => {
    const query = new URLSearchParams(ctx.querystring);
    const [value, ...others] = query.getAll('token');
    if (value === undefined) return undefined;
    query.delete('token');
    ctx.querystring = query.toString();
    if (others.length > 0) throw unfit('token was given twice.');
    if (isTicket(value)) {
      if (ctx.state.route !== streamPath) throw unfit(`A ticket is good for ${streamPath} alone.`);
      return await useTicket(services, value, origin);
    }
    if (services.queryTokens === 'tickets') throw unfit('token: only a ticket will do here. Get one at POST /api/stream/ticket.');
    if (guessKind(value) !== 'SessionToken')
      throw unfit('token: only a session token will do here. Send any other in the Authorization header.');
    return await services.bearers.identify(value, origin);
  };
}

function unfit(message: string): TroubleError {
  return new TroubleError({ kind: 'bad_request', field: 'token', message });
}
