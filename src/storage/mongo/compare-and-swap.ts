import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable } from '../store-unavailable.ts';
import { isDuplicate } from './mongo-errors.ts';

const LONGEST_PAUSE_MS = 32;

/** Somebody else changed the document between reading and writing it. */
export const LOST = Symbol('lost');

/**
 * Optimistic locking: runs `attempt`, which reads a document and writes it back only if its revision is still the one it read, until it does not
 * resolve to LOST. A majority has the revision that was read, so that after an election the same number cannot stand for something else.
 * @throws StoreUnavailableError when others were faster until the time was up
 */
export type CompareAndSwap = <Result>(id: string, attempt: () => Promise<Result | typeof LOST>) => Promise<Result>;

/** Changes of one document by this process take turns, so that only those of another process can come between. */
export function createCompareAndSwap(timeoutMs: number): CompareAndSwap {
  const last = new Map<string, Promise<unknown>>();

  async function swap<Result>(attempt: () => Promise<Result | typeof LOST>, deadline: number): Promise<Result> {
    for (let pause = 2; performance.now() < deadline; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const result = await attempt();
      if (result !== LOST) return result;
      await delay(randomInt(pause));
    }
    throw storeUnavailable('MongoDB: too many changes of one document at once');
  }

  return async (id, attempt) => {
    // Whoever waits in the queue is told after this time that nothing was done, so nothing may be done any more.
    const deadline = performance.now() + timeoutMs;
    const turn = (last.get(id) ?? Promise.resolve()).then(() => swap(attempt, deadline));
    const settled = turn.catch(() => undefined);
    last.set(id, settled);
    try {
      return await turn;
    } finally {
      if (last.get(id) === settled) last.delete(id);
    }
  };
}

/**
 * For a write with `upsert`: of two that both found nothing, one cannot insert any more. When it tries again it finds what the other inserted.
 * https://www.mongodb.com/docs/manual/reference/method/db.collection.updateOne/#upsert-with-unique-index
 */
export async function upsert<Result>(write: () => Promise<Result>): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return await write();
  }
}
