import { setTimeout as delay } from 'node:timers/promises';
import type { Storage } from '../../src/storage/storage.ts';
import type { OpenHarness } from './harness.ts';

/**
 * The same backend behind a slow network: every call waits 1 to 7 ms before and again after. An embedded store answers
 * within one turn of the event loop, which hides every race between callers.
 */
export function withLatency(open: OpenHarness): OpenHarness {
  return async () => {
    const harness = await open();
    return { ...harness, storage: slow(harness.storage) };
  };
}

function slow(storage: Storage): Storage {
  const { sweep, ping, ...rest } = storage;
  const ports = Object.fromEntries(Object.entries(rest).map(([name, port]) => [name, slowPort(port)]));
  // Closing takes longer than a call needs to arrive, so that calls made before it are before it.
  const close = () => delay(10).then(() => storage[Symbol.asyncDispose]());
  return { ...storage, ...ports, [Symbol.asyncDispose]: close };
}

let calls = 0;

/** Uneven and the same in every run. */
function lag(): Promise<void> {
  calls += 1;
  return delay(1 + ((calls * 5) % 7));
}

function slowPort<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        await lag();
        try {
          return await method.apply(target, args);
        } finally {
          await lag();
        }
      };
    },
  });
}
