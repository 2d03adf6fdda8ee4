import type { CounterState, Counters } from '../../domain/limits/counters.ts';
import { SLACK_MS } from './expiry.ts';
import type { Run } from './fence.ts';
import type { Script } from './loaded-generation.ts';

/** A counter that has lost its last hits still knows more than a fresh one: counters go on in the next generation. */
const HIT: Script = {
  memory: 'keeps',
  outlives: true,
  body: `
local now, limit, window_end, block_end, window_ttl, block_ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local stored = redis.call('HMGET', KEYS[1], 'count', 'allowed', 'blocked', 'resetsAt')
local count, allowed, blocked, resets_at, ttl = 1, 0, false, window_end, window_ttl
if stored[4] and tonumber(stored[4]) > now then
  count, allowed, blocked, resets_at, ttl = tonumber(stored[1]) + 1, tonumber(stored[2]), stored[3] == '1', stored[4], nil
end
if not blocked and count > limit then blocked, resets_at, ttl = true, block_end, block_ttl end
if not blocked then allowed = allowed + 1 end
redis.call('HSET', KEYS[1], 'count', count, 'allowed', allowed, 'blocked', blocked and 1 or 0, 'resetsAt', resets_at)
if ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
return {count, blocked and 1 or 0, resets_at}`,
};

/** Of a blocked counter only the hits that were allowed count: one of them less, and there is room for another. */
const REFUND: Script = {
  memory: 'keeps',
  outlives: true,
  body: `
local stored = redis.call('HMGET', KEYS[1], 'count', 'allowed', 'blocked', 'resetsAt')
if not stored[4] or tonumber(stored[4]) <= tonumber(ARGV[1]) then return 0 end
local allowed = math.max(tonumber(stored[2]) - 1, 0)
local count = stored[3] == '1' and allowed or math.max(tonumber(stored[1]) - 1, 0)
return redis.call('HSET', KEYS[1], 'count', count, 'allowed', allowed, 'blocked', 0)`,
};

const FIND: Script = {
  memory: 'keeps',
  outlives: true,
  body: `
local stored = redis.call('HMGET', KEYS[1], 'count', 'blocked', 'resetsAt')
if not stored[3] or tonumber(stored[3]) <= tonumber(ARGV[1]) then return false end
return {tonumber(stored[1]), tonumber(stored[2]), stored[3]}`,
};

const CLEAR: Script = { memory: 'frees', outlives: true, body: `return redis.call('DEL', KEYS[1])` };

export const COUNTER_SCRIPTS: readonly Script[] = [HIT, FIND, REFUND, CLEAR];

export function createCounters(run: Run): Counters {
  const keyOf = (key: string) => `counter:${key}`;

  return {
    hit: (key, { limit, windowSeconds, blockSeconds }, now) =>
      run(async (call) => {
        const at = now.getTime();
        const [window, block] = [windowSeconds * 1000, blockSeconds * 1000];
        const answer = await call(HIT, keyOf(key), at, limit, at + window, at + block, window + SLACK_MS, block + SLACK_MS);
        return toState(answer);
      }),
    find: (key, now) =>
      run(async (call) => {
        const answer = await call(FIND, keyOf(key), now.getTime());
        return answer === null ? undefined : toState(answer);
      }),
    refund: (key, now) =>
      run(async (call) => {
        await call(REFUND, keyOf(key), now.getTime());
      }),
    clear: (key) =>
      run(async (call) => {
        await call(CLEAR, keyOf(key));
      }),
  };
}

function toState(answer: unknown): CounterState {
  const [count, blocked, resetsAt] = answer as readonly (number | string)[];
  return { allowed: blocked === 0, count: Number(count), resetsAt: new Date(Number(resetsAt)) };
}
