import type { Clock } from '../../lib/clock.ts';

export interface Visitors<Visitor> {
  find(id: string | undefined): Visitor | undefined;
  /** Stores, and begins the hour anew. The visitor longest unseen makes room. */
  save(id: string, visitor: Visitor): void;
  remove(id: string): void;
  /** Runs one piece of work for a visitor after the other: a refresh token sent twice ends its whole family. */
  inTurn<Result>(id: string, work: () => Promise<Result>): Promise<Result>;
}

const LIMIT = 100;
const LIFETIME_MS = 3_600_000;

/** The sessions of the demo app, in its own memory: Gatehouse knows nothing of them, and a restart forgets them. */
export function createVisitors<Visitor>(clock: Clock): Visitors<Visitor> {
  const entries = new Map<string, { readonly visitor: Visitor; readonly expiresAt: number }>();
  const turns = new Map<string, Promise<unknown>>();
  return {
    find(id) {
      const entry = id === undefined ? undefined : entries.get(id);
      return entry && entry.expiresAt > clock().getTime() ? entry.visitor : undefined;
    },
    save(id, visitor) {
      entries.delete(id);
      entries.set(id, { visitor, expiresAt: clock().getTime() + LIFETIME_MS });
      const [oldest] = entries.keys();
      if (entries.size > LIMIT && oldest !== undefined) entries.delete(oldest);
    },
    remove(id) {
      entries.delete(id);
    },
    async inTurn(id, work) {
      const before = turns.get(id);
      const mine = (async () => {
        await before?.catch(() => undefined);
        return await work();
      })();
      turns.set(id, mine);
      try {
        return await mine;
      } finally {
        if (turns.get(id) === mine) turns.delete(id);
      }
    },
  };
}
