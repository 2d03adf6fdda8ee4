import type { CounterRule } from '../domain/limits/counters.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Storage } from './storage.ts';

const EVERY_SECONDS = 5 * 60;

/**
 * A window begins with the hit that wins it, and is over before the same process comes again. Nobody is ever past the limit:
 * a block would move the end of the window.
 */
const LEASE: CounterRule = { limit: Number.MAX_SAFE_INTEGER, windowSeconds: EVERY_SECONDS - 10, blockSeconds: 1 };

interface SweeperDeps {
  readonly storage: Pick<Storage, 'counters' | 'sweep'>;
  readonly clock: Clock;
}

/** Deletes what has expired, unless another process that shares the store has just done so. */
export async function sweepInTurn({ storage, clock }: SweeperDeps): Promise<void> {
  const now = clock();
  const { count } = await storage.counters.hit('lease:sweep', LEASE, now);
  if (count === 1) await storage.sweep(now);
}

/** Sweeps every five minutes until `stop`. */
export function startSweeper({ storage, clock, logger }: SweeperDeps & { readonly logger: Logger }, stop: AbortSignal): void {
  const timer = setInterval(() => {
    sweepInTurn({ storage, clock }).catch((error: unknown) => logger.error({ err: error }, 'sweep failed'));
  }, EVERY_SECONDS * 1000);
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer));
}
