import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { openSqlite } from '../../src/storage/sqlite/open-sqlite.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { createTestClock, type Harness } from './harness.ts';
import type { Arena } from './race.contract.ts';

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
