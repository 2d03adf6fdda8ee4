import { accountId } from '../../domain/accounts/account.ts';
import type { ChallengeStore, LoginChallenge } from '../../domain/login/challenge-store.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Clock } from '../../lib/clock.ts';
import { expiryOf } from './expiry.ts';
import type { Run } from './fence.ts';
import type { Script } from './loaded-generation.ts';

/** `tries` is left alone when a challenge is replaced, so that going back a step buys no further guesses. */
const PUT: Script = {
  memory: 'keeps',
  body: `
local value, expires_at, ttl = ARGV[1], ARGV[2], ARGV[3]
if ttl == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'value', value, 'expiresAt', expires_at)
return redis.call('PEXPIRE', KEYS[1], ttl)`,
};

const FIND: Script = { memory: 'frees', body: `return redis.call('HMGET', KEYS[1], 'value', 'expiresAt')` };

const COUNT_TRY: Script = {
  memory: 'keeps',
  body: `
local expires_at = redis.call('HGET', KEYS[1], 'expiresAt')
if not expires_at or tonumber(expires_at) <= tonumber(ARGV[1]) then return 0 end
return redis.call('HINCRBY', KEYS[1], 'tries', 1)`,
};

const REMOVE: Script = { memory: 'frees', body: `return redis.call('DEL', KEYS[1])` };

export const CHALLENGE_SCRIPTS: readonly Script[] = [PUT, FIND, COUNT_TRY, REMOVE];

export function createChallengeStore(run: Run, clock: Clock): ChallengeStore {
  const keyOf = (id: string) => `challenge:${id}`;

  return {
    put: (challenge) =>
      run(async (call) => {
        const { at, ttl } = expiryOf(challenge.expiresAt, clock());
        await call(PUT, keyOf(challenge.id), JSON.stringify(challenge), at, ttl);
      }),
    find: (id, now) =>
      run(async (call) => {
        const [value, expiresAt] = (await call(FIND, keyOf(id))) as readonly (string | null)[];
        return value && Number(expiresAt) > now.getTime() ? toChallenge(JSON.parse(value), Number(expiresAt)) : undefined;
      }),
    countTry: (id, now) => run(async (call) => Number(await call(COUNT_TRY, keyOf(id), now.getTime()))),
    remove: (id) => run(async (call) => (await call(REMOVE, keyOf(id))) === 1),
  };
}

function toChallenge(stored: LoginChallenge, expiresAt: number): LoginChallenge {
  return {
    id: stored.id,
    tenantId: tenantId(stored.tenantId),
    accountId: accountId(stored.accountId),
    credentialVersion: stored.credentialVersion,
    step: stored.step,
    remember: stored.remember,
    sealedSecret: stored.sealedSecret,
    amr: stored.amr,
    expiresAt: new Date(expiresAt),
  };
}
