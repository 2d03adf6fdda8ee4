import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type Keyring, SealBrokenError } from '../../lib/keyring.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError } from '../errors.ts';
import type { KeyStore, SigningKey } from './key-store.ts';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './signing-algorithms.ts';

/** The stored keys were sealed under another master key. */
class MasterKeyMismatchError extends OperatorError {
  override readonly name = 'MasterKeyMismatchError';
  readonly code = 'master_key_mismatch';
}

/** Private JWKs as the engine wants them: those that sign first. */
export type PrivateJwks = readonly JWK[];

export interface KeyService {
  /** Makes what is missing, one key for each algorithm, and opens all. Safe from several processes. @throws MasterKeyMismatchError */
  load(origin: Origin): Promise<PrivateJwks>;
  /** Those that are stored, and makes none. @throws Error when an algorithm has none that signs */
  open(): Promise<PrivateJwks>;
  list(): Promise<readonly SigningKey[]>;
}

export function createKeyService(deps: { keys: KeyStore; keyring: Keyring; audit: Audit; clock: Clock }): KeyService {
  const { keys, keyring, audit, clock } = deps;

  async function generate(alg: SigningAlgorithm): Promise<SigningKey> {
    const pair = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
    const publicJwk = await exportJWK(pair.publicKey);
    const kid = await calculateJwkThumbprint(publicJwk);
    const privateJwk = { ...(await exportJWK(pair.privateKey)), kid, alg, use: 'sig' };
    return {
      kid,
      alg,
      publicJwk: { ...(publicJwk as JsonObject), kid, alg, use: 'sig' },
      sealedPrivateJwk: keyring.seal(JSON.stringify(privateJwk), `signing-key ${kid}`),
      active: true,
      createdAt: clock(),
    };
  }

  function open(key: SigningKey): JWK {
    try {
      return JSON.parse(keyring.open(key.sealedPrivateJwk, `signing-key ${key.kid}`)) as JWK;
    } catch (cause) {
      if (!(cause instanceof SealBrokenError)) throw cause;
      throw new MasterKeyMismatchError(
        'The master key does not fit this database: its signing keys were sealed under another one. Start with the key this database was made with.',
        { cause },
      );
    }
  }

  async function openAll(): Promise<PrivateJwks> {
    const present = await keys.list();
    const missing = SIGNING_ALGORITHMS.find((alg) => !present.some((key) => key.alg === alg && key.active));
    if (missing) throw new Error(`no stored key signs with ${missing}`);
    return present.toSorted((a, b) => Number(b.active) - Number(a.active)).map(open);
  }

  return {
    list: () => keys.list(),
    open: openAll,
    async load(origin) {
      const present = await keys.list();
      present.forEach(open);
      for (const alg of SIGNING_ALGORITHMS) {
        if (present.some((key) => key.alg === alg && key.active)) continue;
        const key = await generate(alg);
        try {
          await keys.add(key);
          await audit.record({ type: 'key.created', origin, detail: { kid: key.kid, alg } });
        } catch (error) {
          // Another process that starts at the same time was first.
          if (!(error instanceof AlreadyExistsError)) throw error;
        }
      }
      return await openAll();
    },
  };
}
