/**
 * Which generation of keys in Redis counts. A Redis that was restarted or failed over may have forgotten what was used up or revoked; then the next
 * generation begins, and nothing of the one before is believed (src/storage/redis/fence.ts).
 */
export interface Generations {
  current(): Promise<number>;
  /** Compare-and-swap: ends generation `old` if it still counts. Resolves to the one that counts now. */
  next(old: number): Promise<number>;
}
