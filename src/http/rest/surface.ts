import { randomUUID } from 'node:crypto';
import { Router } from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import type { Origin } from '../../domain/audit/audit-log.ts';
import type { RateLimits, RateRule } from '../../domain/limits/rate-limits.ts';
import type { Bearer, Refused } from '../../domain/tokens/bearer.ts';
import type { Bearers } from '../../domain/tokens/bearers.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { originOf } from '../middleware/request-context.ts';
import { admit, presentedToken } from './admit.ts';
import { countAddress, countTenant } from './count-calls.ts';
import { readInput } from './read-input.ts';
import type { Answer, Route } from './route.ts';
import { type Trouble, TroubleError, type Wording } from './trouble.ts';
import { troubleOf } from './trouble-of.ts';

/** One documented API: its routes, and its words for whatever goes wrong. */
export interface Surface {
  /** For the documentation: short, in an address. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Before every path; what is below it and no route is not found in the surface's words. Empty: the routes are all there is. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly wording: Wording;
  /** X-RateLimit-* on every answer. */
  readonly showsRates?: true;
  /** Where this surface finds the token besides the header; what it reads from the query it takes out. Undefined: there is none. */
  readonly identifyByQuery?: (ctx: Context, origin: Origin) => Promise<Bearer | Refused | undefined>;
}

export interface SurfaceDeps {
  readonly bearers: Bearers;
  readonly rates: RateLimits;
  readonly limits: { readonly address: RateRule; readonly tenant: RateRule };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A surface, ready to mount. */
export function mountSurface(surface: Surface, deps: SurfaceDeps): Middleware {
  const router = new Router();
  for (const route of surface.routes) {
    const path = `${surface.prefix}${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    router.register(path, [route.method], (ctx: Context & { params: Record<string, string> }) =>
      answerCall({ ctx, surface, deps }, { route, params: ctx.params }),
    );
  }
  const routes = router.routes() as unknown as Middleware;
  const patterns = surface.routes.map(({ path, method, acts }) => ({ method, acts, pattern: patternOf(surface.prefix + path) }));

  return async (ctx, next) => {
    const fitting = patterns.filter(({ pattern }) => pattern.test(ctx.path));
    const below = surface.prefix !== '' && (ctx.path === surface.prefix || ctx.path.startsWith(`${surface.prefix}/`));
    if (fitting.length === 0 && !below) return await next();
    ctx.set('Cache-Control', 'no-store');
    // RFC 9110 9.3.2: what can be got can be asked for without its content, as some health checks do.
    const head = ctx.method === 'HEAD';
    const asked = head ? 'get' : ctx.method.toLowerCase();
    if (fitting.some(({ method, acts }) => method === asked && !(head && acts))) return await routes(ctx as never, next as Next);
    const allowed = [...new Set(fitting.map(({ method }) => method.toUpperCase()))];
    await guarded({ ctx, surface, deps }, async () => {
      if (surface.showsRates) await countAddress(ctx, deps, true);
      throw new TroubleError(
        allowed.length > 0 ? { kind: 'method_not_allowed', allowed } : { kind: 'not_found', message: `There is no ${ctx.path} here.` },
      );
    });
  };
}

interface Exchange {
  readonly ctx: Context;
  readonly surface: Surface;
  readonly deps: SurfaceDeps;
}

/** A route's path as a pattern: a parameter is one segment. */
function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${escaped}/?$`);
}

async function answerCall(exchange: Exchange, { route, params }: { route: Route; params: Record<string, string> }): Promise<void> {
  const { ctx, surface } = exchange;
  ctx.state.route = surface.prefix + route.path;
  await guarded(exchange, () => within(route.timeoutMs, call(exchange, route, params), (error) => note(exchange, error)));
}

async function call(exchange: Exchange, route: Route, params: Record<string, string>): Promise<Answer> {
  const { ctx, surface, deps } = exchange;
  const origin = originOf(ctx);
  const shown = surface.showsRates ?? false;
  if (!route.unlimited) await countAddress(ctx, deps, shown);
  const bearer = route.access === 'open' ? undefined : await identify(exchange, origin);
  if (bearer && !route.unlimited) await countTenant(ctx, bearer.tenant.id, deps, shown);
  if (bearer && route.access !== 'open') admit(bearer, route.access);
  const input = await readInput(ctx, route, params);
  const actor = bearer?.account?.id ?? bearer?.client?.id;
  return await route.handle({ ctx, origin: actor === undefined ? origin : { ...origin, actor }, bearer, ...input });
}

/** @throws TroubleError */
async function identify({ ctx, surface, deps }: Exchange, origin: Origin): Promise<Bearer> {
  const value = presentedToken(ctx);
  const found = value === undefined ? await surface.identifyByQuery?.(ctx, origin) : await deps.bearers.identify(value, origin);
  if (found === undefined) throw new TroubleError({ kind: 'no_token' });
  if (typeof found !== 'string') return found;
  const kinds = { invalid: 'bad_token', expired: 'expired_token', address: 'address_refused' } as const;
  throw new TroubleError({ kind: kinds[found] });
}

/** What the work began when its time is up goes on to its end; only nobody waits for it. @param failedLate hears what went wrong then */
async function within(milliseconds: number | undefined, work: Promise<Answer>, failedLate: (error: unknown) => void): Promise<Answer> {
  if (milliseconds === undefined) return await work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      work.catch(failedLate);
      reject(new TroubleError({ kind: 'timeout' }));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The surface's boundary: every error leaves in its words. */
async function guarded(exchange: Exchange, work: () => Promise<Answer>): Promise<void> {
  const { ctx, surface } = exchange;
  try {
    const answer = await work();
    if (!answer) return;
    ctx.body = answer.body ?? null;
    ctx.status = answer.status;
  } catch (error) {
    const trouble = troubleOf(error);
    const { status, body } = surface.wording(trouble, String(ctx.state.requestId), note(exchange, error));
    setHeaders(ctx, trouble);
    ctx.status = status;
    ctx.body = body;
  }
}

/** Tells the log what went wrong, and gives the id that it has there. */
function note({ ctx, deps }: Exchange, error: unknown): string {
  const { requestId, route } = ctx.state;
  const errorId = randomUUID();
  const { kind: trouble } = troubleOf(error);
  if (trouble === 'failed') deps.logger.error({ err: error, requestId, errorId, route }, 'a call failed');
  else deps.logger.info({ requestId, errorId, trouble, ...detailOf(error) }, 'a call was refused');
  return errorId;
}

function detailOf(error: unknown): object {
  return typeof error === 'object' && error !== null && 'detail' in error ? { detail: error.detail } : {};
}

function setHeaders(ctx: Context, trouble: Trouble): void {
  if (trouble.kind === 'method_not_allowed') ctx.set('Allow', trouble.allowed.join(', '));
  if ('seconds' in trouble && trouble.seconds !== undefined) ctx.set('Retry-After', String(trouble.seconds));
  // RFC 6750 3: nothing is said of the token when none was sent.
  if (trouble.kind === 'no_token') ctx.set('WWW-Authenticate', 'Bearer realm="gatehouse"');
  if (trouble.kind === 'bad_token' || trouble.kind === 'expired_token')
    ctx.set('WWW-Authenticate', 'Bearer realm="gatehouse", error="invalid_token"');
  if (trouble.kind === 'scope_missing')
    ctx.set('WWW-Authenticate', `Bearer realm="gatehouse", error="insufficient_scope", scope="${trouble.scopes.join(' ')}"`);
}
