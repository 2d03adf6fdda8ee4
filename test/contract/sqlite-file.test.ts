import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { StorageUnusableError, type UnusableReason } from '../../src/storage/storage-unusable-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startContestants } from './contestant.ts';
import { times } from './harness.ts';
import { sampleTenant } from './samples.ts';
import { openAt } from './sqlite-harness.ts';

describe('a SQLite file', () => {
  it('is readable by its owner alone, with all that belongs to it', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'new.db');
    await using storage = await openAt(path);
    await storage.tenants.create(sampleTenant());
    for (const suffix of ['', '-wal', '-shm']) assert.equal((await stat(path + suffix)).mode & 0o777, 0o600, suffix);
  });

  it('keeps everything over a restart, counters too, in one file', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'kept.db');
    const rule = { limit: 1, windowSeconds: 60, blockSeconds: 60 };
    const now = new Date();
    {
      await using storage = await openAt(path);
      const writes = [storage.tenants.create(sampleTenant()), storage.counters.hit('k', rule, now), storage.counters.hit('k', rule, now)];
      void Promise.allSettled(writes); // closing waits for them
    }
    await assert.rejects(stat(`${path}-wal`), { code: 'ENOENT' });
    await using storage = await openAt(path);
    assert.equal((await storage.tenants.list()).length, 1);
    assert.deepEqual(await storage.counters.hit('k', rule, now), { allowed: false, count: 3, resetsAt: new Date(now.getTime() + 60_000) });
  });

  it('is made by several processes at once, each of which can use it', async () => {
    await using folder = await temporaryFolder();
    const opener = new URL('sqlite-harness.ts', import.meta.url);
    await using processes = await startContestants(3, opener);
    for (const round of times(8, (n) => n)) {
      const location = join(folder.path, `race-${round}.db`);
      const at = Date.now() + 20;
      await processes.ask({ type: 'open', location, at });
      await processes.ask({ type: 'race', race: 'audit', rounds: 1, calls: 5, at: 0 });
      {
        await using storage = await openAt(location);
        assert.equal((await storage.audit.list({ limit: 100 })).length, 15);
      }
      await processes.ask({ type: 'close' });
    }
  });
});

describe('a SQLite file is refused, and left as it was, when it', () => {
  it('was written by a newer version', async () => {
    await using folder = await temporaryFolder();
    const path = await filledFile(folder.path);
    alter(path, 'PRAGMA user_version = 99');
    const error = await refused(path, 'newer');
    assert.match(error.message, /newer Gatehouse: its schema is version 99, this program knows up to \d/);
    assert.match(error.message, /Run that newer Gatehouse again, or restore a backup/);
  });

  it('belongs to another program', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'other.db');
    alter(path, 'CREATE TABLE songs (title TEXT)');
    assert.match((await refused(path, 'foreign')).message, /some other program.*storage\.sqlite\.path/);
    alter(path, 'PRAGMA application_id = 12345; PRAGMA user_version = 1; PRAGMA journal_mode = WAL');
    await refused(path, 'foreign');
  });

  it('is no database', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'letter.txt');
    await writeFile(path, 'Dear reader,\n'.repeat(200));
    assert.match((await refused(path, 'damaged')).message, /no database/);
  });

  it('has a damaged header', async () => {
    await using folder = await temporaryFolder();
    const path = await filledFile(folder.path);
    await overwrite(path, 0, Buffer.alloc(32, 0xff));
    assert.match((await refused(path, 'damaged')).message, /Restore it from a backup/);
  });

  it('has a damaged page in the middle', async () => {
    await using folder = await temporaryFolder();
    const path = await filledFile(folder.path);
    const pages = (await stat(path)).size / 4096;
    await overwrite(path, Math.floor(pages / 2) * 4096, Buffer.alloc(4096, 0xa5));
    assert.match((await refused(path, 'damaged')).message, /Restore it from a backup/);
  });

  it('has been cut off', async () => {
    await using folder = await temporaryFolder();
    const path = await filledFile(folder.path);
    await truncate(path, Math.floor((await stat(path)).size / 8192) * 4096);
    await refused(path, 'damaged');
  });

  it('lacks a table that its schema version promises', async () => {
    await using folder = await temporaryFolder();
    const path = await filledFile(folder.path);
    alter(path, 'DROP TABLE counters');
    assert.match((await refused(path, 'damaged')).message, /no such table: counters/);
  });

  it('is locked by somebody else for longer than the time-out', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'locked.db');
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    try {
      assert.match((await refused(path, 'locked', 100)).message, /locked by another process/);
    } finally {
      other.close();
    }
  });

  it('cannot be made or opened', async () => {
    await using folder = await temporaryFolder();
    for (const path of [join(folder.path, 'no-such-folder', 'x.db'), folder.path]) {
      await assert.rejects(openAt(path), (error) => error instanceof StorageUnusableError && error.reason === 'inaccessible');
    }
  });
});

/** A file with a few hundred pages, closed in good order. */
async function filledFile(folder: string): Promise<string> {
  const path = join(folder, 'gatehouse.db');
  await using storage = await openAt(path);
  const put = (n: number) =>
    storage.artifacts.put('Session', `session-${n}`, { payload: { filler: 'x'.repeat(500) }, grantId: `g${n}` }, undefined);
  await Promise.all(times(1500, put));
  return path;
}

function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

async function overwrite(path: string, offset: number, bytes: Buffer): Promise<void> {
  const content = await readFile(path);
  bytes.copy(content, offset);
  await writeFile(path, content);
}

async function refused(path: string, reason: UnusableReason, busyTimeoutMs?: number): Promise<StorageUnusableError> {
  const before = await readFile(path);
  const error = await openAt(path, undefined, busyTimeoutMs).then(
    () => assert.fail('the file was opened'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StorageUnusableError, String(error));
  assert.equal(error.reason, reason, error.message);
  assert.ok(error.message.startsWith(path), error.message);
  assert.ok(before.equals(await readFile(path)), 'the file was changed');
  return error;
}
