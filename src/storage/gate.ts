import { storeUnavailable } from './store-unavailable.ts';

/** Stands before every call to a store over the network: closing waits for calls under way, and lets none through afterwards. */
export interface Gate {
  /** Runs the call and turns the driver's faults into what the domain knows. @throws StoreUnavailableError when the store is closed or failed */
  pass<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when everything that had passed has settled. */
  close(): Promise<void>;
}

/** @param translate what to throw instead of an error of the driver; a bug is given back as it is */
export function createGate(translate: (error: unknown) => unknown): Gate {
  const under = new Set<Promise<unknown>>();
  let closed = false;
  return {
    async pass(work) {
      if (closed) throw storeUnavailable('the store is closed');
      const call = work();
      under.add(call);
      try {
        return await call;
      } catch (error) {
        throw translate(error);
      } finally {
        under.delete(call);
      }
    },
    async close() {
      closed = true;
      while (under.size > 0) await Promise.allSettled(under);
    },
  };
}
