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

export function createKept<T>(load: () => Promise<T>, seconds: number, clock: Clock): Kept<T> {
  let kept: { readonly value: T; readonly until: number } | undefined;
  let loading: Promise<T> | undefined;

  async function fetchIt(): Promise<T> {
    try {
      const value = await load();
      kept = { value, until: clock().getTime() + seconds * 1000 };
      return value;
    } finally {
      loading = undefined;
    }
  }

  const peek = () => (kept && kept.until > clock().getTime() ? kept.value : undefined);
  const renew = () => (loading ??= fetchIt());
  return { peek, renew, get: async () => peek() ?? (await renew()), underway: () => loading };
}
