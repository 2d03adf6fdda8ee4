import type { JsonObject } from '../../lib/json.ts';
import type { SigningAlgorithm } from './signing-algorithms.ts';

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /** What JWKS shows (RFC 7517). */
  readonly publicJwk: JsonObject;
  /** The private JWK as JSON, sealed under the master key with the kid as its record. */
  readonly sealedPrivateJwk: string;
  /** The one that signs. Others are published only. */
  readonly active: boolean;
  readonly createdAt: Date;
}

export interface KeyStore {
  /** Throws AlreadyExistsError when the kid is taken, or the key is active and its algorithm has an active one: one of many first starts wins. */
  add(key: SigningKey): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly SigningKey[]>;
}
