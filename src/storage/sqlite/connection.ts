import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable } from '../store-unavailable.ts';
import { asUnavailable, isBusy, isStoreFailure } from './sqlite-errors.ts';
import { Writer } from './writer.ts';

/** By the name that stands after the colon in the statement's text. */
export type Values = Readonly<Record<string, string | number | null>>;

/** A prepared statement with rows of the shape `Row`. Runs at once, on the caller's stack. */
export interface Statement<Row> {
  get(values?: Values): Row | undefined;
  all(values?: Values): readonly Row[];
  /** Returns how many rows were changed. */
  run(values?: Values): number;
}

/** One open file. Reads see what is committed; writes are committed in groups. Both throw StoreUnavailableError. */
export interface Connection {
  statement<Row>(sql: string): Statement<Row>;
  read<T>(work: () => T): Promise<T>;
  /** How many rows one writing statement changed. */
  change(statement: Statement<unknown>, values: Values): Promise<number>;
  /** The row that one writing statement returns (RETURNING). */
  returning<Row>(statement: Statement<Row>, values: Values): Promise<Row | undefined>;
  /** Several statements, all or none. `work` may not wait for anything. */
  transaction<T>(work: () => T): Promise<T>;
  /** Settles what was begun, then closes the file. */
  close(): Promise<void>;
}

const RETRY_AFTER_MS = 2;

export function createConnection(database: DatabaseSync, busyTimeoutMs: number): Connection {
  const writer = new Writer(database, busyTimeoutMs);

  const read = async <T>(work: () => T): Promise<T> => {
    const deadline = performance.now() + busyTimeoutMs;
    for (;;) {
      if (!database.isOpen) throw storeUnavailable('the store is closed');
      try {
        return work();
      } catch (error) {
        // A reader meets a lock only while another process recovers the write-ahead log.
        if (!isStoreFailure(error)) throw error;
        if (!isBusy(error) || performance.now() > deadline) throw asUnavailable(error);
        await delay(RETRY_AFTER_MS);
      }
    }
  };

  return {
    statement: <Row>(sql: string) => prepare<Row>(database, sql),
    read,
    change: (statement, values) => writer.statement(() => statement.run(values)),
    returning: (statement, values) => writer.statement(() => statement.get(values)),
    transaction: (work) => writer.transaction(work),
    async close() {
      if (!database.isOpen) return;
      await writer.close();
      try {
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // A full disk or a reader elsewhere: what is in the write-ahead log is safe there and is read at the next start.
      }
      database.close();
    },
  };
}

function prepare<Row>(database: DatabaseSync, sql: string): Statement<Row> {
  const statement = database.prepare(sql);
  // STRICT tables keep the columns to their types, so a row is what its interface says.
  const all = (values: Values = {}) => statement.all(values) as readonly unknown[] as readonly Row[];
  return {
    all,
    // StatementSync.get stops at the first row and drops errors that come after it, so a RETURNING could be lost.
    get: (values) => all(values)[0],
    run: (values = {}) => Number(statement.run(values).changes),
  };
}
