import type { Counters } from '../../domain/limits/counters.ts';
import type { Connection } from './connection.ts';

/** A row counts until `resets_at`: the end of its window, or of the block once the limit was passed. Then it is as good as absent. */
interface CounterRow {
  readonly count: number;
  readonly blocked: number;
  readonly resets_at: number;
}

/** Of a blocked counter only the hits that were allowed count: one of them less, and there is room for another. */
const REFUND = `
UPDATE counters SET
  count = iif(blocked, max(allowed - 1, 0), max(count - 1, 0)),
  allowed = max(allowed - 1, 0),
  blocked = 0
WHERE key = :key AND resets_at > :now`;

const HIT = `
INSERT INTO counters (key, count, allowed, blocked, resets_at)
VALUES (:key, 1, 1 <= :limit, 1 > :limit, iif(1 > :limit, :block_end, :window_end))
ON CONFLICT (key) DO UPDATE SET
  count = iif(resets_at > :now, count + 1, excluded.count),
  allowed = iif(resets_at > :now, allowed + NOT (blocked OR count + 1 > :limit), excluded.allowed),
  blocked = iif(resets_at > :now, blocked OR count + 1 > :limit, excluded.blocked),
  resets_at = CASE
    WHEN resets_at <= :now THEN excluded.resets_at
    WHEN NOT blocked AND count + 1 > :limit THEN :block_end
    ELSE resets_at
  END
RETURNING count, blocked, resets_at`;

export function createCounters(connection: Connection): Counters {
  const hit = connection.statement<CounterRow>(HIT);
  const find = connection.statement<CounterRow>('SELECT count, blocked, resets_at FROM counters WHERE key = :key AND resets_at > :now');
  const refund = connection.statement(REFUND);
  const clear = connection.statement('DELETE FROM counters WHERE key = :key');

  return {
    async hit(key, rule, now) {
      const at = now.getTime();
      const row = await connection.returning(hit, {
        key,
        now: at,
        limit: rule.limit,
        window_end: at + rule.windowSeconds * 1000,
        block_end: at + rule.blockSeconds * 1000,
      });
      // The statement inserts or updates, so there always is a row; without one nothing would be allowed.
      return { allowed: row?.blocked === 0, count: row?.count ?? 0, resetsAt: new Date(row?.resets_at ?? at) };
    },
    find: (key, now) =>
      connection.read(() => {
        const row = find.get({ key, now: now.getTime() });
        return row && { allowed: row.blocked === 0, count: row.count, resetsAt: new Date(row.resets_at) };
      }),
    async refund(key, now) {
      await connection.change(refund, { key, now: now.getTime() });
    },
    async clear(key) {
      await connection.change(clear, { key });
    },
  };
}
