import { storeUnavailable } from './store-unavailable.ts';

/**
 * Bounds a whole call. The drivers bound its steps, each by itself: finding a server, waiting for a connection, the answer, and all that once more
 * when they try again. What was sent may still be done after the caller was told that it was not: nobody can take it back.
 * @throws StoreUnavailableError when the time is up
 */
export async function within<Result>(timeoutMs: number, store: 'MongoDB' | 'Redis', call: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(storeUnavailable(`${store}: no answer in time`)), timeoutMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
