import type { CounterRule } from './counters.ts';

const QUARTER_SECONDS = 90 * 86_400;

/** So many failures in a row, however slowly: it ends when something clears the counter, or after a quarter of a year. */
export function totalRule(limit: number): CounterRule {
  return { limit, windowSeconds: QUARTER_SECONDS, blockSeconds: QUARTER_SECONDS };
}
