import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import mongoose from 'mongoose';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import { upsert } from './compare-and-swap.ts';
import { INSTANCE, type Instance } from './instance.ts';
import type { Migration } from './migrations.ts';

/** How long a holder that has died keeps the others waiting. */
const LEASE_MS = 30_000;

/** How often whoever waits looks whether it is done, and for how long. */
const POLL_MS = 100;
const PATIENCE_MS = 10 * 60_000;

interface Database {
  readonly db: mongoose.mongo.Db;
  readonly instance: Instance;
}

/**
 * Brings the database to the newest schema; one read when it is there already. Of several processes at once one does it, the others wait.
 * A holder of the lock that dies leaves a migration half done: whoever takes the lock over runs it again from the start.
 * @throws StorageUnusableError when the database belongs to something else or to a newer Gatehouse, or another process never ends migrating it
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  const known = migrations.at(-1)?.version ?? 0;
  const holder = randomUUID();
  const patience = performance.now() + PATIENCE_MS;
  while ((await schemaVersion(database, known)) < known) {
    if (await takeLock(database.instance, holder)) await migrateUnderLock(database, migrations, holder);
    else if (performance.now() > patience) throw locked();
    else await delay(POLL_MS);
  }
}

async function schemaVersion({ db, instance }: Database, known: number): Promise<number> {
  const read = async () => (await instance.findOne({ _id: INSTANCE.schema }).lean())?.version;
  let version = await read();
  if (version === undefined) {
    const collections = await db.listCollections({}, { nameOnly: true }).toArray();
    // Whoever makes the first collections says so first: read again, it cannot be missing any more.
    version = await read();
    const foreign = collections.some(({ name }) => name !== 'instance' && !name.startsWith('system.'));
    if (version === undefined && foreign) throw notOurs(db.databaseName);
  }
  if ((version ?? 0) > known) throw newer(db.databaseName, version ?? 0, known);
  return version ?? 0;
}

async function migrateUnderLock(database: Database, migrations: readonly Migration[], holder: string): Promise<void> {
  const { db, instance } = database;
  const renewing = setInterval(() => void renewLock(instance, holder), LEASE_MS / 3);
  try {
    await upsert(() => instance.updateOne({ _id: INSTANCE.schema }, { $setOnInsert: { version: 0 } }, { upsert: true }).exec());
    // Somebody may have migrated it between the look at the version and the lock.
    const done = await schemaVersion(database, Number.POSITIVE_INFINITY);
    for (const { version, up } of migrations) {
      if (version <= done) continue;
      await up(db);
      await instance.updateOne({ _id: INSTANCE.schema, version: mongoose.trusted({ $lt: version }) }, { $set: { version } });
    }
  } finally {
    clearInterval(renewing);
    await instance.deleteOne({ _id: INSTANCE.migration, holder });
  }
}

/** By the server's clock, which is one for all. */
async function takeLock(instance: Instance, holder: string): Promise<boolean> {
  const free = { $lte: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] };
  const until = { $add: ['$$NOW', LEASE_MS] };
  const taken = [{ $set: { holder: { $cond: [free, holder, '$holder'] }, until: { $cond: [free, until, '$until'] } } }];
  const lock = await upsert(() =>
    instance
      .findOneAndUpdate({ _id: INSTANCE.migration }, taken, { upsert: true, returnDocument: 'after', updatePipeline: true })
      .lean()
      .exec(),
  );
  return lock?.holder === holder;
}

async function renewLock(instance: Instance, holder: string): Promise<void> {
  const renewed = [{ $set: { until: { $add: ['$$NOW', LEASE_MS] } } }];
  // When it cannot be renewed, another process may run the same migration beside this one, which every migration bears.
  await instance.updateOne({ _id: INSTANCE.migration, holder }, renewed, { updatePipeline: true }).catch(() => undefined);
}

function notOurs(name: string): StorageUnusableError {
  return new StorageUnusableError(
    'foreign',
    `The MongoDB database ${name} holds collections of some other program, and nothing of Gatehouse. ` +
      'Give Gatehouse a database of its own in storage.mongodb. It was not changed.',
  );
}

function newer(name: string, version: number, known: number): StorageUnusableError {
  return new StorageUnusableError(
    'newer',
    `The MongoDB database ${name} was written by a newer Gatehouse: its schema is version ${version}, this program knows up to ${known}. ` +
      'Run that newer Gatehouse again, or restore a backup made before the upgrade. The database was not changed.',
  );
}

function locked(): StorageUnusableError {
  return new StorageUnusableError(
    'locked',
    'Another process of Gatehouse has been bringing the MongoDB database up to date for ten minutes. Wait until it is done, or end it.',
  );
}
