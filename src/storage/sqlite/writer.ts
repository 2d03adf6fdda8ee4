import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { storeUnavailable } from '../store-unavailable.ts';
import { asUnavailable, isBusy, isStoreFailure } from './sqlite-errors.ts';

/** Bounds how long one transaction keeps the event loop and the write lock. */
const MAX_WRITES_PER_COMMIT = 256;

/** Another process holds the write lock for about one commit. */
const RETRY_AFTER_MS = 1;

interface PendingWrite {
  /** Does the work; returns what tells the caller so. */
  readonly attempt: () => () => void;
  readonly reject: (error: unknown) => void;
  readonly severalStatements: boolean;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
}

/**
 * Group commit: the writes of one turn of the event loop share one transaction, and so one fsync.
 * A caller hears of its write only after COMMIT. While another process holds the write lock the event loop stays free.
 */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #busyTimeoutMs: number;
  readonly #sql: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release' | 'rollbackTo', StatementSync>>;
  #queue: PendingWrite[] = [];
  #scheduled = false;
  #closed = false;
  #onEmpty: (() => void) | undefined;

  /** @param busyTimeoutMs how long a write may wait for another process's lock */
  constructor(database: DatabaseSync, busyTimeoutMs: number) {
    this.#database = database;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#sql = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      savepoint: database.prepare('SAVEPOINT one_write'),
      release: database.prepare('RELEASE one_write'),
      rollbackTo: database.prepare('ROLLBACK TO one_write'),
    };
  }

  /** `work` runs exactly one statement. Throws StoreUnavailableError, or whatever the work throws. */
  statement<T>(work: () => T): Promise<T> {
    return this.#enqueue(work, false);
  }

  /** `work` runs any number of statements, all of them or none. Errors like `statement`. */
  transaction<T>(work: () => T): Promise<T> {
    return this.#enqueue(work, true);
  }

  /** Resolves when every write that was accepted is settled; none is accepted afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#queue.length > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  #enqueue<T>(work: () => T, severalStatements: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(storeUnavailable('the store is closed'));
      const attempt = () => {
        const value = work();
        return () => resolve(value);
      };
      this.#queue.push({ attempt, reject, severalStatements, deadline: performance.now() + this.#busyTimeoutMs });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#queue.splice(0, MAX_WRITES_PER_COMMIT);
    try {
      this.#sql.begin.run();
      this.#commit(batch);
    } catch (error) {
      this.#beginFailed(batch, error);
    }
    if (this.#queue.length > 0) this.#schedule();
    else this.#onEmpty?.();
  }

  #commit(batch: readonly PendingWrite[]): void {
    try {
      const settlements = batch.map((write) => this.#attempt(write));
      this.#sql.commit.run();
      for (const settle of settlements) settle();
    } catch (error) {
      for (const write of batch) write.reject(asUnavailable(error));
      this.#rollback();
    }
  }

  /** SQLite has rolled back by itself on some failures (a full disk, for one), not on all. */
  #rollback(): void {
    if (!this.#database.isTransaction) return;
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // The next BEGIN fails then, and its callers hear of it.
    }
  }

  /** A write that breaks a rule takes nothing with it; a failure of the store is everybody's. */
  #attempt(write: PendingWrite): () => void {
    if (write.severalStatements) this.#sql.savepoint.run();
    try {
      const settle = write.attempt();
      if (write.severalStatements) this.#sql.release.run();
      return settle;
    } catch (error) {
      if (isStoreFailure(error) || !this.#database.isTransaction) throw error;
      if (write.severalStatements) {
        this.#sql.rollbackTo.run();
        this.#sql.release.run();
      }
      return () => write.reject(error);
    }
  }

  #beginFailed(batch: readonly PendingWrite[], error: unknown): void {
    const now = performance.now();
    const waits = (write: PendingWrite) => isBusy(error) && write.deadline > now;
    for (const write of batch) if (!waits(write)) write.reject(asUnavailable(error));
    const waiting = batch.filter(waits);
    if (waiting.length === 0) return;
    this.#queue = [...waiting, ...this.#queue];
    this.#scheduled = true;
    setTimeout(() => this.#flush(), RETRY_AFTER_MS);
  }
}
