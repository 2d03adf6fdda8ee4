import type { House } from '../compose.ts';
import { type OnRefused, REFRESH_EVERY_SECONDS } from '../domain/federation/token-refresh.ts';

/** Refreshes the tokens of providers that are kept, until `stop`. */
export function startTokenRefresher(
  { tokenRefresh, logger }: Pick<House, 'tokenRefresh' | 'logger'>,
  onRefused: OnRefused,
  stop: AbortSignal,
): void {
  const timer = setInterval(() => {
    tokenRefresh.refreshInTurn(onRefused).catch((error: unknown) => logger.error({ err: error }, 'refreshing tokens of providers failed'));
  }, REFRESH_EVERY_SECONDS * 1000);
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer));
}
