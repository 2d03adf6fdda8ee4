/** So many requests in a window. */
export interface RateRule {
  readonly limit: number;
  /** A day at most. */
  readonly windowSeconds: number;
}

export interface RateState {
  readonly limit: number;
  /** Requests that are left in this window. */
  readonly remaining: number;
  /** When the window ends. */
  readonly resetsAt: Date;
  readonly allowed: boolean;
}

/**
 * How many requests come from where. Kept in memory or in Redis, whichever the store is: what is forgotten in a restart gives a fresh window,
 * so nothing that guards a secret is counted here (Counters does that).
 */
export interface RateLimits {
  /** Atomic: counts this request in the window of its key, and judges it. The window begins with its first request. */
  hit(key: string, rule: RateRule): Promise<RateState>;
}
