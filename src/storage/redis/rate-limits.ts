import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimits } from '../../domain/limits/rate-limits.ts';
import { createRateLimits as createRateLimitsWith } from '../rate-limits.ts';
import type { Run } from './fence.ts';
import type { Script } from './loaded-generation.ts';

/** The limiter's own script, with the flags of ours. The time is the server's, whose key ends with the window. */
export const RATE: Script = {
  memory: 'keeps',
  body: `
redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX')
return {redis.call('INCRBY', KEYS[1], ARGV[1]), redis.call('PTTL', KEYS[1])}`,
};

/** What the limiter asks of its client, in the manner of the package redis. */
interface Eval {
  readonly keys: readonly [string];
  readonly arguments: readonly string[];
}

/** Its script goes through the fence like all others, which is one round trip. The next generation begins with fresh windows: that harms nobody. */
export function createRateLimits(run: Run): RateLimits {
  const client = {
    eval: (_script: string, { keys: [key], arguments: values }: Eval) => run((call) => call(RATE, key, ...values)),
  };
  return createRateLimitsWith(({ limit, windowSeconds }) => {
    const keyPrefix = `rate:${limit}/${windowSeconds}`;
    const limiter = new RateLimiterRedis({ storeClient: client, useRedisPackage: true, keyPrefix, points: limit, duration: windowSeconds });
    return (key) => limiter.consume(key);
  });
}
