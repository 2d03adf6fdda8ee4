import { UpstreamError } from '../domain/federation/upstream.ts';
import type { Clock } from '../lib/clock.ts';

/** Something that is fetched, and good for a while. */
export interface Kept<T> {
  /** Undefined when there is none, or it is too old. */
  peek(): T | undefined;
  /** What is kept, else fetched. */
  get(): Promise<T>;
  /** Fetched, once for all who ask in the meantime. What was kept stays when that fails. */
  renew(): Promise<T>;
  /** The fetch that is under way. */
  underway(): Promise<T> | undefined;
}

/** Nobody can have what will not do fetched again and again. A provider that does not answer is the breaker's affair. */
const WRONG_SECONDS = 30;

export function createKept<T>(load: () => Promise<T>, seconds: number, clock: Clock): Kept<T> {
  let kept: { readonly value: T; readonly until: number } | undefined;
  let wrong: { readonly error: UpstreamError; readonly until: number } | undefined;
  let loading: Promise<T> | undefined;

  const after = (count: number) => clock().getTime() + count * 1000;

  async function fetchIt(): Promise<T> {
    try {
      const value = await load();
      kept = { value, until: after(seconds) };
      return value;
    } catch (error) {
      if (error instanceof UpstreamError && error.kind === 'invalid') wrong = { error, until: after(WRONG_SECONDS) };
      throw error;
    } finally {
      loading = undefined;
    }
  }

  async function renew(): Promise<T> {
    if (wrong && wrong.until > after(0)) throw wrong.error;
    return await (loading ??= fetchIt());
  }

  const peek = () => (kept && kept.until > after(0) ? kept.value : undefined);
  return { peek, renew, get: async () => peek() ?? (await renew()), underway: () => loading };
}
