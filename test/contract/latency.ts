import { setTimeout as delay } from 'node:timers/promises';
import { slowDown } from '../support/slow-storage.ts';
import type { OpenHarness } from './harness.ts';

/** The same backend behind a slow network. */
export function withLatency(open: OpenHarness): OpenHarness {
  return async () => {
    const harness = await open();
    const { storage } = harness;
    slowDown(storage);
    // Closing takes longer than a call needs to arrive, so that calls made before it are before it.
    const close = () => delay(10).then(() => storage[Symbol.asyncDispose]());
    return { ...harness, storage: { ...storage, [Symbol.asyncDispose]: close } };
  };
}
