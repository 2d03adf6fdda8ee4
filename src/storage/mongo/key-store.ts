import { type Connection, Schema } from 'mongoose';
import type { KeyStore, SigningKey } from '../../domain/keys/key-store.ts';
import type { SigningAlgorithm } from '../../domain/keys/signing-algorithms.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

interface KeyDocument {
  readonly _id: string;
  readonly alg: string;
  /** JSON. */
  readonly publicJwk: string;
  readonly sealedPrivateJwk: string;
  readonly active: boolean;
  readonly createdAt: Date;
}

const SCHEMA = new Schema<KeyDocument>(
  {
    _id: { type: String, required: true },
    alg: { type: String, required: true },
    publicJwk: { type: String, required: true },
    sealedPrivateJwk: { type: String, required: true },
    active: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'kid', activeAlg: 'alg' };

export function createKeyStore(connection: Connection): KeyStore {
  const keys = connection.model('signing_keys', SCHEMA, 'signing_keys');

  return {
    async add(key) {
      await keys.create(fromKey(key)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    list: async () => (await keys.find().sort({ createdAt: 1, _id: 1 }).lean<KeyDocument[]>()).map(toKey),
  };
}

function fromKey(key: SigningKey): KeyDocument {
  return {
    _id: key.kid,
    alg: key.alg,
    publicJwk: JSON.stringify(key.publicJwk),
    sealedPrivateJwk: key.sealedPrivateJwk,
    active: key.active,
    createdAt: key.createdAt,
  };
}

function toKey(document: KeyDocument): SigningKey {
  return {
    kid: document._id,
    alg: document.alg as SigningAlgorithm,
    publicJwk: JSON.parse(document.publicJwk),
    sealedPrivateJwk: document.sealedPrivateJwk,
    active: document.active,
    createdAt: document.createdAt,
  };
}
