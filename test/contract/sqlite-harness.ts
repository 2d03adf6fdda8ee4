import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { createTestClock, type Harness } from './harness.ts';
import type { Arena } from './race.contract.ts';

/** A folder of its own, gone afterwards. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** `path` is what another process needs to open the same store. */
export function openAt(path: string, clock: Clock = systemClock, busyTimeoutMs = 5000): Promise<Storage> {
  return openSqlite({ path, busyTimeoutMs, synchronous: 'full', clock });
}

export async function openSqliteHarness(): Promise<Harness> {
  const folder = await temporaryFolder();
  const clock = createTestClock();
  const storage = await openAt(join(folder.path, 'gatehouse.db'), clock.now);
  return {
    storage,
    clock,
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export async function openSqliteArena(): Promise<Arena> {
  const folder = await temporaryFolder();
  const location = join(folder.path, 'gatehouse.db');
  const storage = await openAt(location);
  return {
    storage,
    location,
    opener: new URL(import.meta.url),
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
