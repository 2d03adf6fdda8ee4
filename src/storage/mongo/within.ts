import { storeUnavailable } from '../gate.ts';

/**
 * Bounds a whole call. The driver bounds its steps, each by itself: finding a server, waiting for a connection, the answer, and all that once more
 * when it tries again. What was sent may still be done after the caller was told that it was not: nobody can take it back.
 * @throws StoreUnavailableError when the time is up
 */
export async function within<Result>(timeoutMs: number, call: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(storeUnavailable(`MongoDB: no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
