import { closeSync, openSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageUnusableError } from '../storage-unusable-error.ts';
import { migrate, schemaVersion } from './migrate.ts';
import { migrations } from './migrations.ts';
import { isBusy, resultCode, SQLITE } from './sqlite-errors.ts';

export interface DatabaseFileOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly synchronous: 'full' | 'normal';
}

/** Room for the pages that one group of writes touches in a large file; less spills them to disk before the commit. */
const CACHE_KIB = 32_768;

/**
 * Opens the file, creating it readable by its owner alone, and brings it to the newest schema.
 * @throws StorageUnusableError; then the file is as it was
 */
export async function openDatabaseFile(options: DatabaseFileOptions): Promise<DatabaseSync> {
  const path = resolve(options.path);
  let database: DatabaseSync | undefined;
  try {
    createPrivately(path);
    inspect(path, options.busyTimeoutMs);
    database = new DatabaseSync(path, { timeout: options.busyTimeoutMs });
    if (schemaVersion(database, migrations) !== migrations.at(-1)?.version) migrate(database, migrations);
    await useWriteAheadLog(database, options.busyTimeoutMs);
    database.exec(`PRAGMA synchronous = ${options.synchronous}; PRAGMA foreign_keys = ON; PRAGMA cache_size = -${CACHE_KIB}`);
    // From here on waiting for a lock is done without blocking the event loop: see Writer and Connection.
    database.exec('PRAGMA busy_timeout = 0');
    return database;
  } catch (error) {
    database?.close();
    throw asUnusable(error, path);
  }
}

/** SQLite gives the -wal and -shm files the mode of the main file. */
function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
}

/** Reads through a connection that cannot write, so that a file which is refused stays as it is. */
function inspect(path: string, busyTimeoutMs: number): void {
  if (statSync(path).size === 0) return;
  const database = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    schemaVersion(database, migrations);
    const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (found !== 'ok') throw damaged(path, String(found));
  } catch (error) {
    // A first start that was cut off has to be rolled back, which needs a connection that writes.
    if (resultCode(error) !== SQLITE.READONLY) throw error;
  } finally {
    database.close();
  }
}

/** Changing the journal mode does not wait for a lock by itself. */
async function useWriteAheadLog(database: DatabaseSync, busyTimeoutMs: number): Promise<void> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
      if (mode === 'wal') return;
      throw new StorageUnusableError(
        'inaccessible',
        `${database.location()} is on a file system without shared memory, which SQLite's write-ahead log needs. Put it on a local disk (storage.sqlite.path).`,
      );
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await delay(5);
    }
  }
}

function damaged(path: string, reason: string, cause?: unknown): StorageUnusableError {
  return new StorageUnusableError(
    'damaged',
    `${path} is damaged or no database (${reason}). Restore it from a backup; keep this file and its -wal file aside, ` +
      "`sqlite3 FILE .recover` may still read some of it. If it never was Gatehouse's, set storage.sqlite.path to another file. It was not changed.",
    { cause },
  );
}

/** Says of any error at opening what the operator can do about it. */
export function asUnusable(error: unknown, path: string): StorageUnusableError {
  if (error instanceof StorageUnusableError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  if (code === SQLITE.BUSY) {
    return new StorageUnusableError(
      'locked',
      `${path} is locked by another process. End whatever is working on that file (a backup, a sqlite3 shell), then start again.`,
      { cause: error },
    );
  }
  // An SQL error (1) here means tables or columns are not what their schema version promises.
  if (code === SQLITE.CORRUPT || code === SQLITE.NOTADB || code === 1) return damaged(path, reason, error);
  return new StorageUnusableError(
    'inaccessible',
    `${path} cannot be opened (${reason}). Its folder has to exist, have room, and let the user that runs Gatehouse read and write.`,
    { cause: error },
  );
}
