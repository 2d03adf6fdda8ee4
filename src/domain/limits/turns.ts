import type { Counters } from './counters.ts';

/**
 * What one of several processes does, every so many seconds: whoever asks first gets true. A window begins with the hit that wins it, and is over
 * before the same process comes again. Nobody is ever past the limit: a block would move the end of the window.
 */
export async function takeTurn(
  counters: Pick<Counters, 'hit'>,
  { name, everySeconds }: { readonly name: string; readonly everySeconds: number },
  now: Date,
): Promise<boolean> {
  const windowSeconds = everySeconds - Math.ceil(everySeconds / 30);
  const { count } = await counters.hit(`lease:${name}`, { limit: Number.MAX_SAFE_INTEGER, windowSeconds, blockSeconds: 1 }, now);
  return count === 1;
}
