import { randomInt } from 'node:crypto';

/** The next of a series that ascends, over restarts and setbacks of the clock too, and hardly ever meets that of another process. */
export type NextNumber = () => number;

/**
 * Microseconds since the epoch, the last three digits at random until two fall into one millisecond.
 * @param last the highest number that was ever given, 0 for none
 */
export function ascendingNumbers(last: number): NextNumber {
  let newest = last;
  return () => {
    newest = Math.max(newest + 1, Date.now() * 1000 + randomInt(1000));
    return newest;
  };
}
