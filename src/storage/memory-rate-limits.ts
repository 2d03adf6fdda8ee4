import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { RateLimits, RateRule } from '../domain/limits/rate-limits.ts';
import { type Consume, createRateLimits } from './rate-limits.ts';

/** Of each rule; some 30 MB. */
const MAX_KEYS = 50_000;

/** Of this process alone, by the system's clock. */
export function createMemoryRateLimits(): RateLimits {
  return createRateLimits(boundedLimiter);
}

/** Whoever has many addresses must not fill the memory: when there are too many keys, the one whose window began first is forgotten. */
function boundedLimiter({ limit, windowSeconds }: RateRule): Consume {
  const limiter = new RateLimiterMemory({ points: limit, duration: windowSeconds });
  /** In the order in which their windows began; those that have ended stay until their turn comes. */
  const begun = new Set<string>();

  const remember = async (key: string): Promise<void> => {
    begun.delete(key);
    begun.add(key);
    if (begun.size <= MAX_KEYS) return;
    const [oldest = key] = begun;
    begun.delete(oldest);
    await limiter.delete(oldest);
  };

  return async (key) => {
    const result = await limiter.consume(key);
    if (result.isFirstInDuration) await remember(key);
    return result;
  };
}
