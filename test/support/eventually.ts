import { AssertionError } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailableError } from '../../src/domain/errors.ts';

/**
 * Tries until it gives something, and resolves to that. An assertion that fails and a store that is away for a moment count as nothing.
 * @throws the last of those errors, or that there was nothing; any other error at once
 */
export async function eventually<T>(attempt: () => Promise<T | undefined | false>, withinMs = 15_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let error: unknown = new Error(`waited ${withinMs} ms in vain for ${attempt}`);
    try {
      const found = await attempt();
      if (found !== undefined && found !== false) return found;
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailableError || thrown instanceof AssertionError)) throw thrown;
      error = thrown;
    }
    if (performance.now() > deadline) throw error;
    await delay(25);
  }
}
