import { takeTurn } from '../domain/limits/turns.ts';
import type { Clock } from '../lib/clock.ts';
import { every } from '../lib/every.ts';
import type { Logger } from '../lib/logger.ts';
import type { Storage } from './storage.ts';

const EVERY_SECONDS = 5 * 60;

interface SweeperDeps {
  readonly storage: Pick<Storage, 'counters' | 'sweep'>;
  readonly clock: Clock;
}

/** Deletes what has expired, unless another process that shares the store has just done so. */
export async function sweepInTurn({ storage, clock }: SweeperDeps): Promise<void> {
  const now = clock();
  if (await takeTurn(storage.counters, { name: 'sweep', everySeconds: EVERY_SECONDS }, now)) await storage.sweep(now);
}

/** Sweeps every five minutes until `stop`. */
export function startSweeper({ storage, clock, logger }: SweeperDeps & { readonly logger: Logger }, stop: AbortSignal): void {
  const failed = (error: unknown) => logger.error({ err: error }, 'sweep failed');
  every(EVERY_SECONDS, () => sweepInTurn({ storage, clock }), failed, stop);
}
