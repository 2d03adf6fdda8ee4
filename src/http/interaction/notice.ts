import { keepNotice, type NoticePlace, takeNotice as take } from '../sealed-notice.ts';
import type { Problem } from '../words.ts';
import { backToShow, pathOf, type Step } from './context.ts';

/** What the next page of this sign-in says, once. */
export interface Notice {
  readonly problem: Problem;
  /** Filled in. */
  readonly identifier?: string;
  readonly status?: number;
}

function placeOf(step: Step): NoticePlace {
  const { ctx, deps, pending } = step;
  return { ctx, keyring: deps.keyring, secureCookies: deps.secureCookies, path: pathOf(step), about: pending.uid };
}

/** Goes back to what is due, which says this. */
export function backWith(step: Step, notice: Notice): void {
  keepNotice(placeOf(step), notice);
  backToShow(step);
}

export function takeNotice(step: Step): Notice | undefined {
  return take(placeOf(step));
}
