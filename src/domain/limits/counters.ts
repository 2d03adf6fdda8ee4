/** So many in a window, then nothing for a while. */
export interface CounterRule {
  readonly limit: number;
  readonly windowSeconds: number;
  /** How long the key stays blocked once the limit is passed; further hits do not prolong it. */
  readonly blockSeconds: number;
}

export interface CounterState {
  /** False from the hit that passes the limit until the block ends. */
  readonly allowed: boolean;
  /** Hits in this window, this one included. */
  readonly count: number;
  /** When the window, or the block, ends. */
  readonly resetsAt: Date;
}

export interface Counters {
  /** Atomic: counts and judges in one step, so that parallel hits are all counted and only `limit` of them are allowed. */
  hit(key: string, rule: CounterRule, now: Date): Promise<CounterState>;
  /** Looks without counting. Undefined when there is no count, or its window and block are over. */
  find(key: string, now: Date): Promise<CounterState | undefined>;
  /** Takes one allowed hit back, not below 0: it turned out not to be a failure. That lifts a block, which came from it as much as from the others. */
  refund(key: string, now: Date): Promise<void>;
  clear(key: string): Promise<void>;
}
