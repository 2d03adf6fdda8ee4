import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { UpstreamError } from '../domain/federation/upstream.ts';
import type { Clock } from '../lib/clock.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { createKept } from './kept.ts';
import { parseJson } from './metadata.ts';

const KEPT_SECONDS = 600;
const COOL_DOWN_MS = 30_000;

export interface KeySet {
  /** For jose. @throws UpstreamError, JOSEError when no key fits */
  readonly keyFor: JWTVerifyGetKey;
  /** How many there are. @throws UpstreamError */
  count(): Promise<number>;
}

interface Keys {
  readonly keyFor: JWTVerifyGetKey;
  readonly count: number;
}

/**
 * The public keys of a provider. A token of a key that is not among them has them fetched again, but once in half a minute, whoever sends such tokens.
 * The usual fetch does not count: a provider that changed keys right after it is understood at once.
 */
export function createKeySet(deps: { readonly uri: () => Promise<string>; readonly fetch: GuardedFetch; readonly clock: Clock }): KeySet {
  const { uri, fetch, clock } = deps;
  const keys = createKept(async () => await fetchKeys(await uri(), fetch), KEPT_SECONDS, clock);
  let askedAgainAt = Number.NEGATIVE_INFINITY;

  function askAgain(): Promise<Keys> | undefined {
    const now = clock().getTime();
    if (now - askedAgainAt < COOL_DOWN_MS) return keys.underway();
    askedAgainAt = now;
    return keys.renew();
  }

  return {
    async keyFor(header, token) {
      const known = keys.peek();
      const { keyFor } = known ?? (await keys.renew());
      try {
        return await keyFor(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        // They may have been fetched since, by us or for somebody else.
        const newer = keys.peek() === known ? await askAgain() : keys.peek();
        if (!newer) throw error;
        return await newer.keyFor(header, token);
      }
    },
    count: async () => (await keys.get()).count,
  };
}

async function fetchKeys(from: string, fetch: GuardedFetch): Promise<Keys> {
  const response = await fetch(from, { headers: { accept: 'application/jwk-set+json, application/json' } });
  if (response.status !== 200)
    throw new UpstreamError(`${from} answered ${response.status}, and its keys should be there.`, { kind: 'invalid' });
  const document = parseJson(await response.text(), from) as JSONWebKeySet;
  try {
    const keyFor = createLocalJWKSet(document);
    return { count: document.keys.length, keyFor: async (header, token) => await keyFor(header, token).catch(unreadable) };
  } catch (cause) {
    throw new UpstreamError(`What ${from} answered is not a set of keys (RFC 7517).`, { kind: 'invalid', cause });
  }
}

/** A key that is not one throws whatever the runtime throws. */
function unreadable(cause: unknown): never {
  if (cause instanceof errors.JOSEError) throw cause;
  throw new UpstreamError('A key of its does not make sense (RFC 7517).', { kind: 'invalid', cause });
}
