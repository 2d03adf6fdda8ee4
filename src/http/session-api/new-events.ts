import type { AuditEvent, AuditLog } from '../../domain/audit/audit-log.ts';
import type { TenantId } from '../../domain/tenants/tenant.ts';

/** Entries looked at when hardly anything is new, and per step when much is. */
const FIRST_LOOK = 10;
const FURTHER_LOOK = 200;

/** As far back as a stream can be resumed. */
const MOST = 1000;

/** What somebody may catch up on who may not read the audit log: a connection that broke, not the past. Milliseconds. */
const CATCH_UP_MS = 5 * 60_000;

/** Looks during which an entry may turn up below others: of two processes, the one that took its number first may store it last. */
const LATE_LOOKS = 5;

export interface NewEvents {
  /** Oldest first. */
  readonly events: readonly AuditEvent[];
  /** There were more than can be told: older ones are left out. */
  readonly gap: boolean;
}

/** Follows the audit log of one tenant: each look gives what came since the one before. */
export interface EventCursor {
  readonly start: number;
  look(): Promise<NewEvents>;
}

export interface Follower {
  readonly tenant: TenantId;
  /** The number of the last event that is known already; undefined: whatever is there by now. */
  readonly after: number | undefined;
  /** When they began to follow. */
  readonly from: Date;
  /** They may read the whole audit log. */
  readonly readsAll: boolean;
}

export async function followEvents(log: AuditLog, { tenant, after, from, readsAll }: Follower): Promise<EventCursor> {
  const oldest = readsAll ? 0 : from.getTime() - CATCH_UP_MS;
  const start = after ?? (await log.list({ tenantId: tenant, limit: 1 }))[0]?.sequence ?? 0;
  /** The newest number at each of the last looks: what is above the oldest of them is looked at again. */
  const newest = [start];
  const told = new Set<number>();
  return {
    start,
    async look() {
      const floor = newest[0] ?? start;
      const { events, gap } = await newerThan(log, tenant, floor);
      const untold = events.filter(({ sequence, at }) => !told.has(sequence) && at.getTime() >= oldest);
      const missed = gap && untold[0] === events[0];
      for (const { sequence } of untold) told.add(sequence);
      newest.push(events.at(-1)?.sequence ?? floor);
      if (newest.length > LATE_LOOKS) newest.shift();
      const settled = newest[0] ?? start;
      for (const sequence of told) if (sequence <= settled) told.delete(sequence);
      return { events: untold, gap: missed };
    },
  };
}

async function newerThan(log: AuditLog, tenantId: TenantId, floor: number): Promise<NewEvents> {
  const found: AuditEvent[] = [];
  let before: number | undefined;
  for (let limit = FIRST_LOOK; found.length < MOST; limit = FURTHER_LOOK) {
    const newer = (await log.list({ tenantId, before, limit })).filter(({ sequence }) => sequence > floor);
    found.push(...newer);
    if (newer.length < limit) return { events: found.reverse(), gap: false };
    before = newer.at(-1)?.sequence;
  }
  return { events: found.reverse(), gap: true };
}
