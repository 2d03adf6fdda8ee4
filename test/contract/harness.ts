import type { Clock } from '../../src/lib/clock.ts';
import type { Storage } from '../../src/storage/storage.ts';

/** Time that stands still until a test moves it. */
export interface TestClock {
  readonly now: Clock;
  advance(seconds: number): void;
}

/** An empty store of its own for one test, on a clock the test moves. */
export interface Harness extends AsyncDisposable {
  readonly storage: Storage;
  readonly clock: TestClock;
}

export type OpenHarness = () => Promise<Harness>;

export function createTestClock(start = '2026-01-02T03:04:05.678Z'): TestClock {
  let now = Date.parse(start);
  return {
    now: () => new Date(now),
    advance: (seconds) => {
      now += seconds * 1000;
    },
  };
}

/** The moment so many seconds from now; negative for the past. */
export function after(clock: TestClock, seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1000);
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** How many of the answers are true. */
export function winners(answers: readonly boolean[]): number {
  return answers.filter(Boolean).length;
}
