import type { Step } from './context.ts';

const COOKIE = 'gatehouse_link';

const optionsOf = ({ deps, pending }: Step) =>
  ({ httpOnly: true, sameSite: 'lax', secure: deps.secureCookies, signed: false, path: `/interaction/${pending.uid}` }) as const;

/** An offer to link two accounts stays in this browser, for this sign-in alone. */
export function keepLinkTicket(step: Step, ticket: string): void {
  step.ctx.cookies.set(COOKIE, ticket, { ...optionsOf(step), maxAge: step.pending.secondsLeft * 1000 });
}

export function linkTicket({ ctx }: Step): string | undefined {
  return ctx.cookies.get(COOKIE, { signed: false });
}

export function dropLinkTicket(step: Step): void {
  step.ctx.cookies.set(COOKIE, null, optionsOf(step));
}
