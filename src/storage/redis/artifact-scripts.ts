import { SLACK_MS } from './expiry.ts';
import type { Script } from './loaded-generation.ts';

/** What has expired is as good as absent, whether the server has swept it or not. ARGV[1] is the time. */
const IS_LIVE = `
local function is_live(expires_at)
  return expires_at and (expires_at == '' or tonumber(expires_at) > tonumber(ARGV[1]))
end`;

/** Sets the server's own expiry: '' for ever. */
const KEEP_FOR = `
local function keep_for(ttl)
  if ttl == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ttl) end
end`;

/** `left`: PTTL before the key was touched, -2 when there was none, -1 when it lives for ever. Never shortens. */
const KEEP_AT_LEAST = `${KEEP_FOR}
local function keep_at_least(left, ttl)
  if ttl == '' or left == -2 or (left >= 0 and left < tonumber(ttl)) then keep_for(ttl) end
end`;

/** ARGV: now, ttl, then names and values of the record's fields. The mark of use stays. */
export const PUT: Script = {
  memory: 'keeps',
  body: `${IS_LIVE}${KEEP_FOR}
local old = redis.call('HMGET', KEYS[1], 'expiresAt', 'consumedAt')
redis.call('DEL', KEYS[1])
if ARGV[2] == '0' then return 1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
if old[2] and is_live(old[1]) then redis.call('HSET', KEYS[1], 'consumedAt', old[2]) end
keep_for(ARGV[2])
return 1`,
};

/** ARGV as for PUT. 0 when a live one is in the way. */
export const PUT_ONCE: Script = {
  memory: 'keeps',
  body: `${IS_LIVE}${KEEP_FOR}
if is_live(redis.call('HGET', KEYS[1], 'expiresAt')) then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] == '0' then return 1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
keep_for(ARGV[2])
return 1`,
};

export const READ: Script = { memory: 'frees', body: `return redis.call('HGETALL', KEYS[1])` };

/** ARGV: now, the mark. */
export const CONSUME: Script = {
  memory: 'keeps',
  body: `${IS_LIVE}
local stored = redis.call('HMGET', KEYS[1], 'expiresAt', 'consumedAt')
if stored[2] or not is_live(stored[1]) then return 0 end
redis.call('HSET', KEYS[1], 'consumedAt', ARGV[2])
return 1`,
};

export const REMOVE: Script = { memory: 'frees', body: `return redis.call('DEL', KEYS[1])` };

/** ARGV: name and value of the field that the record has to carry still. */
export const REMOVE_CARRYING: Script = {
  memory: 'frees',
  body: `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])`,
};

/** ARGV: now, expiry ('' never), ttl, then names and values of entries. They live as long as the last of their artifacts. */
export const MERGE_MEMBERS: Script = {
  memory: 'keeps',
  body: `${IS_LIVE}${KEEP_AT_LEAST}
local old, expires_at, ttl = redis.call('HGET', KEYS[1], 'expiresAt'), ARGV[2], ARGV[3]
if not is_live(old) then
  redis.call('DEL', KEYS[1])
  if ttl == '0' then return 0 end
  old = nil
end
local left = redis.call('PTTL', KEYS[1])
if old and (old == '' or (expires_at ~= '' and tonumber(old) > tonumber(expires_at))) then expires_at = old end
redis.call('HSET', KEYS[1], 'expiresAt', expires_at, unpack(ARGV, 4))
keep_at_least(left, ttl)
return 1`,
};

/**
 * Adds to the artifacts of an owner, a sorted set by expiry. ARGV: now, member, score, ttl.
 * An entry may outlive what it names or name what no longer carries the value: whoever reads it looks.
 */
export const ADD_TO_OWNER: Script = {
  memory: 'keeps',
  body: `${KEEP_AT_LEAST}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[1]) - ${SLACK_MS})
local left = redis.call('PTTL', KEYS[1])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
keep_at_least(left, ARGV[4])
return 1`,
};

/** Adds to the artifacts that share a name, in the order in which they got it; one that has it already keeps its place. ARGV: member, ttl. */
export const ADD_TO_NAME: Script = {
  memory: 'keeps',
  body: `${KEEP_AT_LEAST}
local left = redis.call('PTTL', KEYS[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('ZADD', KEYS[1], 'NX', (last or 0) + 1, ARGV[1])
keep_at_least(left, ARGV[2])
return 1`,
};

/** Newest first. */
export const NAMED: Script = { memory: 'frees', body: `return redis.call('ZRANGE', KEYS[1], 0, -1, 'REV')` };

/** ARGV: cursor. Between the first cursor, 0, and the last, every entry that was there all the time comes at least once. */
export const SCAN_OWNER: Script = { memory: 'frees', body: `return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 100)` };

export const ARTIFACT_SCRIPTS: readonly Script[] = [
  PUT,
  PUT_ONCE,
  READ,
  CONSUME,
  REMOVE,
  REMOVE_CARRYING,
  MERGE_MEMBERS,
  ADD_TO_OWNER,
  ADD_TO_NAME,
  NAMED,
  SCAN_OWNER,
];
