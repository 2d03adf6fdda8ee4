import type { Clock } from '../../lib/clock.ts';

/** The next of a series that ascends, over restarts and setbacks of the clock too, and hardly ever meets that of another process. */
export type NextNumber = () => number;

export interface NumberSources {
  readonly clock: Clock;
  /** A whole number from 0 on, smaller than `limit`. */
  readonly randomBelow: (limit: number) => number;
}

/**
 * Microseconds since the epoch, the last three digits at random until two fall into one millisecond.
 * @param last the highest number that was ever given, 0 for none
 */
export function ascendingNumbers(last: number, { clock, randomBelow }: NumberSources): NextNumber {
  let newest = last;
  return () => {
    newest = Math.max(newest + 1, clock().getTime() * 1000 + randomBelow(1000));
    return newest;
  };
}
