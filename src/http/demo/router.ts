import { Router } from '@koa/router';
import type { Context, Next } from 'koa';
import type { Logger } from '../../lib/logger.ts';
import { MAILBOX_PATH } from './mailbox.ts';
import { attempt, callback, type DemoPagesDeps, refresh, result, showMailbox, signIn, signOut, start, type Visitor } from './pages.ts';
import { troubleOf } from './trouble.ts';
import { createVisitors } from './visitors.ts';

export interface DemoRouterDeps extends Omit<DemoPagesDeps, 'visitors'> {
  readonly logger: Logger;
}

/** Parcel Desk. Its visitors have sessions of its own: Gatehouse's cookies mean nothing to it. */
export function demoRouter(deps: DemoRouterDeps): Router {
  const pages = { ...deps, visitors: createVisitors<Visitor>(deps.clock) };
  return new Router()
    .use((ctx, next) => boundary(ctx, next, deps))
    .get('/demo', (ctx) => start(ctx, pages))
    .get(MAILBOX_PATH, (ctx) => showMailbox(ctx, pages))
    .get('/demo/sign-in', (ctx) => signIn(ctx, pages))
    .get('/demo/callback', (ctx) => callback(ctx, pages))
    .get('/demo/result', (ctx) => result(ctx, pages))
    .post('/demo/try', (ctx) => attempt(ctx, pages))
    .post('/demo/refresh', (ctx) => refresh(ctx, pages))
    .post('/demo/sign-out', (ctx) => signOut(ctx, pages));
}

/** What goes wrong in the flow is a page of the app, with a way back. */
async function boundary(ctx: Context, next: Next, { views, clock, logger }: DemoRouterDeps): Promise<void> {
  ctx.set('Cache-Control', 'no-store');
  try {
    await next();
  } catch (error) {
    const trouble = troubleOf(error, ctx.path === '/demo/callback' ? 'callback' : 'later');
    if (!trouble) throw error;
    const { code, description, words, status } = trouble;
    const reference = String(ctx.state.requestId);
    logger.info({ requestId: reference, reason: code, detail: description }, 'the demo app stopped');
    ctx.status = status;
    ctx.type = 'html';
    ctx.body = views.render('error', {
      tenantName: 'Parcel Desk',
      words,
      reference,
      at: clock(),
      wayOut: { href: '/demo', text: 'Back to Parcel Desk' },
      developer: { error: code, description, clientId: undefined, received: undefined },
    });
  }
}
