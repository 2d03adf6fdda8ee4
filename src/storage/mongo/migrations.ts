import type mongoose from 'mongoose';

export interface Migration {
  readonly version: number;
  /** May be run again from the start after it was broken off halfway. */
  readonly up: (database: mongoose.mongo.Db) => Promise<void>;
}

type Index = mongoose.mongo.IndexDescription;

/** A partial index holds what has the field: that is what is looked for, and undefined is not stored. */
const having = (field: string) => ({ partialFilterExpression: { [field]: { $exists: true } } });

/** The server deletes what is past this time, about once a minute. */
const swept: Index = { name: 'sweepAt', key: { sweepAt: 1 }, expireAfterSeconds: 0 };

const INDEXES: Readonly<Record<string, readonly Index[]>> = {
  tenants: [{ name: 'slug', key: { slug: 1 }, unique: true }],
  accounts: [
    { name: 'emailKey', key: { emailKey: 1 }, unique: true },
    { name: 'usernameKey', key: { usernameKey: 1 }, unique: true, ...having('usernameKey') },
    { name: 'tenant', key: { tenantId: 1, _id: 1 } },
    { name: 'superAdministrator', key: { superAdministrator: 1 }, partialFilterExpression: { superAdministrator: true } },
  ],
  one_time_links: [
    { name: 'digest', key: { digest: 1 }, unique: true },
    { name: 'account', key: { accountId: 1 }, ...having('accountId') },
    swept,
  ],
  clients: [{ name: 'tenant', key: { tenantId: 1, _id: 1 } }],
  signing_keys: [{ name: 'activeAlg', key: { alg: 1 }, unique: true, partialFilterExpression: { active: true } }],
  artifacts: [
    { name: 'grant', key: { grantId: 1, kind: 1 }, ...having('grantId') },
    { name: 'account', key: { accountId: 1, kind: 1 }, ...having('accountId') },
    { name: 'client', key: { clientId: 1, kind: 1 }, ...having('clientId') },
    { name: 'uid', key: { uid: 1 }, ...having('uid') },
    { name: 'userCode', key: { userCode: 1 }, ...having('userCode') },
    swept,
  ],
  audit_events: [
    { name: 'tenant', key: { tenantId: 1, _id: -1 }, ...having('tenantId') },
    { name: 'account', key: { accountId: 1, _id: -1 }, ...having('accountId') },
    { name: 'client', key: { clientId: 1, _id: -1 }, ...having('clientId') },
    { name: 'type', key: { type: 1, _id: -1 } },
  ],
};

const LICENCE_INDEXES: readonly Index[] = [
  { name: 'key', key: { key: 1 }, unique: true },
  { name: 'tenant', key: { tenantId: 1, _id: 1 } },
  { name: 'device', key: { tenantId: 1, deviceId: 1 }, ...having('deviceId') },
];

const FEDERATION_INDEXES: Readonly<Record<string, readonly Index[]>> = {
  upstream_providers: [{ name: 'age', key: { createdAt: 1, _id: 1 } }],
  federated_identities: [
    { name: 'identity', key: { issuer: 1, subject: 1 }, unique: true },
    { name: 'account', key: { accountId: 1, linkedAt: 1 } },
  ],
};

const TOKENS_INDEX: Index = { name: 'tokens', key: { tokensDueAt: 1 }, ...having('tokensDueAt') };

const PROVIDERS_INDEX: Index = { name: 'tenant', key: { tenantId: 1, createdAt: 1 } };

/**
 * Applied in order, each once. A released migration is never edited: change the schema by adding one.
 * Every field is explained in docs/storage-schema.md. The names of unique indexes say in the stores which value is taken.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    async up(database) {
      await createIndexes(database, INDEXES);
      await database
        .collection<{ _id: string }>('instance')
        .updateOne({ _id: 'generation' }, { $setOnInsert: { generation: 1 } }, { upsert: true });
    },
  },
  {
    version: 2,
    async up(database) {
      // The stores read what tenants, accounts and clients have had since this version as its default where it is missing.
      await database.collection('licences').createIndexes([...LICENCE_INDEXES]);
    },
  },
  {
    version: 3,
    up: (database) => createIndexes(database, FEDERATION_INDEXES),
  },
  {
    version: 4,
    up: (database) => createIndexes(database, { federated_identities: [TOKENS_INDEX], upstream_providers: [PROVIDERS_INDEX] }),
  },
];

async function createIndexes(database: mongoose.mongo.Db, wanted: Readonly<Record<string, readonly Index[]>>): Promise<void> {
  for (const [collection, indexes] of Object.entries(wanted)) await database.collection(collection).createIndexes([...indexes]);
}
