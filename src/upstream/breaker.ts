import { UpstreamError } from '../domain/federation/upstream.ts';
import type { Clock } from '../lib/clock.ts';

const FAILURES = 3;
const WITHIN_MS = 60_000;
const REST_MS = 30_000;

/** Runs work, or refuses at once with UpstreamError `unavailable`. */
export type Breaker = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * After three faults in a row within a minute nothing is tried for half a minute; then one, and all again when that goes well.
 * @param rests hears when that begins, and when it is over
 */
export function createBreaker(clock: Clock, rests: (resting: boolean) => void): Breaker {
  let failures: readonly number[] = [];
  let restsUntil: number | undefined;
  let probing = false;

  function failed(): void {
    const now = clock().getTime();
    failures = [...failures.filter((at) => now - at <= WITHIN_MS), now].slice(-FAILURES);
    if (restsUntil === undefined && failures.length < FAILURES) return;
    if (restsUntil === undefined) rests(true);
    restsUntil = now + REST_MS;
  }

  function succeeded(): void {
    failures = [];
    if (restsUntil !== undefined) rests(false);
    restsUntil = undefined;
  }

  return async (work) => {
    const probe = restsUntil !== undefined;
    if (restsUntil !== undefined && (probing || clock().getTime() < restsUntil))
      throw new UpstreamError('It failed several times in a row and is left alone for half a minute.', { kind: 'unavailable' });
    probing ||= probe;
    try {
      const result = await work();
      succeeded();
      return result;
    } catch (error) {
      if (error instanceof UpstreamError && error.kind === 'unavailable') failed();
      throw error;
    } finally {
      if (probe) probing = false;
    }
  };
}
