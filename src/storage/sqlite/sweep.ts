import type { Connection } from './connection.ts';

/** Tables whose rows expire, with the column that says when. */
const EXPIRING = {
  artifacts: 'expires_at',
  artifact_members: 'expires_at',
  one_time_links: 'expires_at',
  login_challenges: 'expires_at',
  counters: 'resets_at',
} as const;

/** Keeps one bite to a few milliseconds, a checkpoint to some 25; other writes get their turn between two of them. */
const ROWS_PER_COMMIT = 50;

/** Deletes what had expired at the given time; resolves with the number of rows. */
export function createSweep(connection: Connection): (now: Date) => Promise<number> {
  const statements = Object.entries(EXPIRING).map(([table, column]) =>
    connection.statement(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${column} <= :now LIMIT ${ROWS_PER_COMMIT})`,
    ),
  );

  return async (now) => {
    let swept = 0;
    for (const statement of statements) {
      for (;;) {
        const count = await connection.change(statement, { now: now.getTime() });
        swept += count;
        if (count < ROWS_PER_COMMIT) break;
      }
    }
    return swept;
  };
}
