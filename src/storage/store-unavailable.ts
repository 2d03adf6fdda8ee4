import { StoreUnavailableError } from '../domain/errors.ts';

/** @param detail which store, and what is wrong with it, without its address: /readyz shows it */
export function storeUnavailable(detail: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('Gatehouse cannot reach its database just now. Please try again in a few seconds.', { detail, cause });
}
