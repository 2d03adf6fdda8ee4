import { AlreadyExistsError, NotFoundError, type StoreUnavailableError } from '../../domain/errors.ts';
import { storeUnavailable } from '../store-unavailable.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html. */
export const SQLITE = {
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  NOTADB: 26,
} as const;

const STORE_FAILURES: ReadonlySet<number | undefined> = new Set(Object.values(SQLITE));

/** The primary result code, or undefined for an error that is not SQLite's. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE.BUSY;
}

/** Whether it is the store that failed, rather than what was asked of it. */
export function isStoreFailure(error: unknown): boolean {
  return STORE_FAILURES.has(resultCode(error));
}

/** What to tell whoever's call ended with the failure. */
export function asUnavailable(cause: unknown): StoreUnavailableError {
  return storeUnavailable(`SQLite: ${cause instanceof Error ? cause.message : 'unknown failure'}`, cause);
}

/**
 * Turns a violated UNIQUE or PRIMARY KEY constraint into AlreadyExistsError; anything else is thrown on.
 * @param fields `table.column` to the name of the domain's field
 */
export function rethrowTaken(error: unknown, fields: Readonly<Record<string, string>>): never {
  const columns = error instanceof Error ? error.message.replace(/^UNIQUE constraint failed: /, '').split(', ') : [];
  const taken = Object.keys(fields).find((column) => columns.includes(column));
  const field = taken === undefined ? undefined : fields[taken];
  if (field !== undefined) throw new AlreadyExistsError(field, { cause: error });
  throw error;
}

/** SQLITE_CONSTRAINT_FOREIGNKEY, an extended result code. */
const FOREIGN_KEY_FAILED = 787;

/** Turns a reference to a row that is not there into NotFoundError with this message; anything else is thrown on. */
export function rethrowOrphaned(error: unknown, message: string): never {
  const isOrphaned = error instanceof Error && 'errcode' in error && error.errcode === FOREIGN_KEY_FAILED;
  throw isOrphaned ? new NotFoundError(message, { cause: error }) : error;
}
