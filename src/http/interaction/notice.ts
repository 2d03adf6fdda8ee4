import { SealBrokenError } from '../../lib/keyring.ts';
import type { Problem } from '../words.ts';
import { backToShow, type Step } from './context.ts';

/** What the next page of this sign-in says, once. */
export interface Notice {
  readonly problem: Problem;
  /** Filled in. */
  readonly identifier?: string;
  readonly status?: number;
}

const COOKIE = 'gatehouse_notice';

/** As long as a redirect may take. */
const LIFETIME_MS = 60_000;

const recordOf = ({ pending }: Step) => `notice ${pending.uid}`;

const optionsOf = ({ deps, pending }: Step) =>
  ({ httpOnly: true, sameSite: 'lax', secure: deps.secureCookies, signed: false, path: `/interaction/${pending.uid}` }) as const;

/** Goes back to what is due, which says this. Sealed, so that nobody can have our page say anything else; and to load the page again repeats nothing. */
export function backWith(step: Step, notice: Notice): void {
  const sealed = step.deps.keyring.seal(JSON.stringify(notice), recordOf(step));
  step.ctx.cookies.set(COOKIE, sealed, { ...optionsOf(step), maxAge: LIFETIME_MS });
  backToShow(step);
}

export function takeNotice(step: Step): Notice | undefined {
  const { ctx, deps } = step;
  const sealed = ctx.cookies.get(COOKIE, { signed: false });
  if (sealed === undefined) return undefined;
  ctx.cookies.set(COOKIE, null, optionsOf(step));
  try {
    return JSON.parse(deps.keyring.open(sealed, recordOf(step))) as Notice;
  } catch (error) {
    if (error instanceof SealBrokenError) return undefined;
    throw error;
  }
}
