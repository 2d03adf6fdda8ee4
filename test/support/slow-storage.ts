import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '../../src/storage/storage.ts';

type Method = (...values: unknown[]) => unknown;

/**
 * Puts the ports of an open store behind a slow network, until it is disposed of: every call waits before and again after, 1 to 7 ms unless told.
 * An embedded store answers within one turn of the event loop, which hides every race between requests.
 */
export function slowDown(storage: Storage, wait: () => Promise<void> = lag): Disposable {
  const undo: (() => void)[] = [];
  for (const [place, port] of Object.entries(storage)) {
    // Holdings are read page by page, one after the other: there is no race to hide.
    if (typeof port !== 'object' || place === 'holdings') continue;
    for (const [name, method] of Object.entries(port) as [string, Method][]) {
      Reflect.set(port, name, slowed(method, wait));
      undo.push(() => Reflect.set(port, name, method));
    }
  }
  return {
    [Symbol.dispose]() {
      for (const each of undo) each();
    },
  };
}

function slowed(method: Method, wait: () => Promise<void>): Method {
  return async (...values) => {
    await wait();
    try {
      return await method(...values);
    } finally {
      await wait();
    }
  };
}

let calls = 0;

/** Uneven, and the same in every run. */
function lag(): Promise<void> {
  calls += 1;
  return delay(1 + ((calls * 5) % 7));
}
