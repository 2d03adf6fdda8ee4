import { RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimits, RateRule } from '../domain/limits/rate-limits.ts';

/** Counts a request. @throws RateLimiterRes when it is one too many */
export type Consume = (key: string) => Promise<RateLimiterRes>;

/** @param limiterOf is asked once for each rule; the keys of two rules are different ones */
export function createRateLimits(limiterOf: (rule: RateRule) => Consume): RateLimits {
  const limiters = new Map<string, Consume>();

  const limiterFor = (rule: RateRule): Consume => {
    const name = `${rule.limit}/${rule.windowSeconds}`;
    const limiter = limiters.get(name) ?? limiterOf(rule);
    limiters.set(name, limiter);
    return limiter;
  };

  return {
    async hit(key, rule) {
      const { consumedPoints, remainingPoints, msBeforeNext } = await limiterFor(rule)(key).catch(orRefusal);
      return {
        limit: rule.limit,
        remaining: remainingPoints,
        resetsAt: new Date(Date.now() + msBeforeNext),
        allowed: consumedPoints <= rule.limit,
      };
    },
  };
}

function orRefusal(thrown: unknown): RateLimiterRes {
  if (thrown instanceof RateLimiterRes) return thrown;
  throw thrown;
}
