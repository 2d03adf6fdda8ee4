import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '../../src/storage/storage.ts';

/**
 * Puts the ports of an open store behind a slow network: every call waits 1 to 7 ms before and again after.
 * An embedded store answers within one turn of the event loop, which hides every race between requests.
 */
export function slowDown(storage: Storage): void {
  for (const port of Object.values(storage)) {
    if (typeof port !== 'object') continue;
    for (const [name, method] of Object.entries(port)) {
      Reflect.set(port, name, async (...values: unknown[]) => {
        await lag();
        try {
          return await (method as (...values: unknown[]) => unknown)(...values);
        } finally {
          await lag();
        }
      });
    }
  }
}

let calls = 0;

/** Uneven, and the same in every run. */
function lag(): Promise<void> {
  calls += 1;
  return delay(1 + ((calls * 5) % 7));
}
