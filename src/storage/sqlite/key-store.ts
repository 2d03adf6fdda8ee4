import type { KeyStore, SigningKey } from '../../domain/keys/key-store.ts';
import type { SigningAlgorithm } from '../../domain/keys/signing-algorithms.ts';
import type { Connection } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

interface KeyRow {
  readonly kid: string;
  readonly alg: string;
  readonly public_jwk: string;
  readonly sealed_private_jwk: string;
  readonly active: number;
  readonly created_at: number;
}

const UNIQUE_FIELDS = { 'signing_keys.kid': 'kid', 'signing_keys.alg': 'alg' };

export function createKeyStore(connection: Connection): KeyStore {
  const insert = connection.statement(
    `INSERT INTO signing_keys (kid, alg, public_jwk, sealed_private_jwk, active, created_at)
     VALUES (:kid, :alg, :public_jwk, :sealed_private_jwk, :active, :created_at)`,
  );
  const all = connection.statement<KeyRow>('SELECT * FROM signing_keys ORDER BY created_at, kid');

  return {
    async add(key) {
      await connection.change(insert, fromKey(key)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    list: () => connection.read(() => all.all().map(toKey)),
  };
}

function fromKey(key: SigningKey) {
  return {
    kid: key.kid,
    alg: key.alg,
    public_jwk: JSON.stringify(key.publicJwk),
    sealed_private_jwk: key.sealedPrivateJwk,
    active: Number(key.active),
    created_at: key.createdAt.getTime(),
  };
}

function toKey(row: KeyRow): SigningKey {
  return {
    kid: row.kid,
    alg: row.alg as SigningAlgorithm,
    publicJwk: JSON.parse(row.public_jwk),
    sealedPrivateJwk: row.sealed_private_jwk,
    active: row.active === 1,
    createdAt: new Date(row.created_at),
  };
}
