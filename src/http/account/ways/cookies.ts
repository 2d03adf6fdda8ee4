import type { Context } from 'koa';
import { waysPath } from '../../../domain/clients/account-client.ts';
import { randomToken } from '../../../lib/random.ts';
import type { Step } from './context.ts';

/** Binds what comes back from a provider to the browser that went there. */
const MARK = 'gatehouse_link_browser';
/** An offer to link, for one answer. */
const TICKET = 'gatehouse_link';

/** As long as the way there, and a ticket after it, may take. */
const MARK_MS = 20 * 60_000;
const TICKET_MS = 10 * 60_000;

const optionsOf = ({ deps, tenant }: Step) =>
  ({ httpOnly: true, sameSite: 'lax', secure: deps.secureCookies, signed: false, path: waysPath(tenant) }) as const;

const cookieOf = (ctx: Context, name: string) => ctx.cookies.get(name, { signed: false }) ?? '';

export function browserMark(ctx: Context): string {
  return cookieOf(ctx, MARK);
}

/** Several tabs may be on their way at once: they share a mark. */
export function markBrowser(step: Step): string {
  const mark = browserMark(step.ctx) || randomToken();
  step.ctx.cookies.set(MARK, mark, { ...optionsOf(step), maxAge: MARK_MS });
  return mark;
}

export function keepTicket(step: Step, ticket: string): void {
  step.ctx.cookies.set(TICKET, ticket, { ...optionsOf(step), maxAge: TICKET_MS });
}

export function ticketOf(ctx: Context): string {
  return cookieOf(ctx, TICKET);
}

export function dropTicket(step: Step): void {
  step.ctx.cookies.set(TICKET, null, optionsOf(step));
}
