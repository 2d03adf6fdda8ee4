/** Things that are counted by kind, for the metrics. Kinds come from our own lists, never from a request. */
export const TALLIES = ['audit', 'login', 'token'] as const;

export type TallyName = (typeof TALLIES)[number];

export interface Tally {
  count(name: TallyName, kind: string): void;
  /** Since the process started, by kind. */
  read(name: TallyName): ReadonlyMap<string, number>;
}

export function createTally(): Tally {
  const counts = new Map(TALLIES.map((name) => [name, new Map<string, number>()]));
  return {
    count(name, kind) {
      const kinds = counts.get(name);
      kinds?.set(kind, (kinds.get(kind) ?? 0) + 1);
    },
    read: (name) => counts.get(name) ?? new Map(),
  };
}
