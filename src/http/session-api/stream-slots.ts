import { OverloadedError } from '../../domain/errors.ts';
import { TroubleError } from '../rest/trouble.ts';

/** Open streams at once, in this process. */
const MOST = 200;
const MOST_OF_ONE = 5;
const RETRY_SECONDS = 10;

/** How many streams are open, and whose. */
export interface StreamSlots {
  /** @throws TroubleError, OverloadedError when there are too many */
  take(owner: string): Disposable;
}

export function createStreamSlots(): StreamSlots {
  const open = new Map<string, number>();
  let total = 0;
  return {
    take(owner) {
      const own = open.get(owner) ?? 0;
      if (own >= MOST_OF_ONE) throw new TroubleError({ kind: 'rate_limited', seconds: RETRY_SECONDS });
      if (total >= MOST) throw new OverloadedError('Too many streams are open. Try again in a moment.');
      open.set(owner, own + 1);
      total += 1;
      return {
        [Symbol.dispose]() {
          const left = (open.get(owner) ?? 1) - 1;
          if (left === 0) open.delete(owner);
          else open.set(owner, left);
          total -= 1;
        },
      };
    },
  };
}
