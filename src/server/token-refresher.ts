import type { House } from '../compose.ts';
import { type OnRefused, REFRESH_EVERY_SECONDS } from '../domain/federation/token-refresh.ts';
import { every } from '../lib/every.ts';

/** Refreshes the tokens of providers that are kept, until `stop`. */
export function startTokenRefresher(
  { tokenRefresh, logger }: Pick<House, 'tokenRefresh' | 'logger'>,
  onRefused: OnRefused,
  stop: AbortSignal,
): void {
  const failed = (error: unknown) => logger.error({ err: error }, 'refreshing tokens of providers failed');
  every(REFRESH_EVERY_SECONDS, () => tokenRefresh.refreshInTurn(onRefused), failed, stop);
}
