import type { DatabaseSync } from 'node:sqlite';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import type { Migration } from './migrations.ts';

/** "GATE" in ASCII: how SQLite files say whose they are (`PRAGMA application_id`). */
const APPLICATION_ID = 0x47415445;

/**
 * The schema version of the file, 0 when it is still empty.
 * @throws StorageUnusableError when the file belongs to something else or to a newer Gatehouse
 */
export function schemaVersion(database: DatabaseSync, migrations: readonly Migration[]): number {
  const path = database.location() ?? '';
  const { version, application, hasTables } = readHeader(database);
  const empty = version === 0 && application === 0 && !hasTables;
  if (empty) return 0;
  if (application !== APPLICATION_ID) {
    throw new StorageUnusableError(
      'foreign',
      `${path} is a database of some other program, not of Gatehouse. Set storage.sqlite.path to another file, or move this one away. It was not changed.`,
    );
  }
  const known = migrations.at(-1)?.version ?? 0;
  if (version > known) {
    throw new StorageUnusableError(
      'newer',
      `${path} was written by a newer Gatehouse: its schema is version ${version}, this program knows up to ${known}. ` +
        'Run that newer Gatehouse again, or restore a backup made before the upgrade. The file was not changed.',
    );
  }
  return version;
}

/** Brings the file to the newest schema, all or nothing. Of several processes at once the first does it, the others find it done. */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = schemaVersion(database, migrations);
    if (version === 0) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    for (const migration of migrations) {
      if (migration.version <= version) continue;
      database.exec(migration.sql);
      database.exec(`PRAGMA user_version = ${migration.version}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** In one transaction: another process that makes the file at this moment is seen with all of it or nothing. */
function readHeader(database: DatabaseSync): { version: number; application: number; hasTables: boolean } {
  const own = !database.isTransaction;
  if (own) database.exec('BEGIN');
  try {
    const hasTables = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined;
    return { version: pragma(database, 'user_version'), application: pragma(database, 'application_id'), hasTables };
  } finally {
    if (own) database.exec('ROLLBACK');
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
