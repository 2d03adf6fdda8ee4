/** What was read just now, for reads that nearly every request makes. One that is under way is shared by all who ask for the same. */
export interface RecentReads<Value extends object> {
  /** A copy of what was read at most MAX_AGE_MS ago, else of what `read` gives. What is not there is looked for each time. */
  get(id: string, read: () => Promise<Value | undefined>): Promise<Value | undefined>;
  /** Runs a change; whoever asks in this process after it sees what it left. Other processes do within MAX_AGE_MS. */
  changing<Result>(id: string, change: () => Promise<Result>): Promise<Result>;
}

/** A change in another process is seen so soon, whatever becomes of the network between them. */
const MAX_AGE_MS = 500;

/** Bounds the memory; far more than are in use within half a second. */
const MAX_ENTRIES = 5000;

interface Entry<Value> {
  readonly value: Promise<Value | undefined>;
  readonly at: number;
}

/** @param now monotonic, milliseconds */
export function createRecentReads<Value extends object>(now: () => number): RecentReads<Value> {
  const entries = new Map<string, Entry<Value>>();

  function forget(id: string, entry: Entry<Value>): void {
    if (entries.get(id) === entry) entries.delete(id);
  }

  function begin(id: string, read: () => Promise<Value | undefined>): Entry<Value> {
    const entry = { value: read(), at: now() };
    entries.delete(id);
    entries.set(id, entry);
    const [oldest] = entries.keys();
    if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
    entry.value.then(
      (value) => value === undefined && forget(id, entry),
      () => forget(id, entry),
    );
    return entry;
  }

  return {
    async get(id, read) {
      const known = entries.get(id);
      const entry = known && now() - known.at < MAX_AGE_MS ? known : begin(id, read);
      const value = await entry.value;
      return value && structuredClone(value);
    },
    async changing(id, change) {
      try {
        return await change();
      } finally {
        // Also what was read while the change was under way.
        entries.delete(id);
      }
    },
  };
}
