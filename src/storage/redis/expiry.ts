/** How much longer than needed the server keeps what has expired: its clock and those of the processes differ. */
export const SLACK_MS = 60_000;

/** As scripts take it. */
export interface Expiry {
  /** In milliseconds since the epoch, by our clock; '' for never. This decides. */
  readonly at: string;
  /** How long the server keeps it, in milliseconds: '' for ever, '0' not at all. This only sweeps. */
  readonly ttl: string;
}

export function expiryOf(expiresAt: Date | undefined, now: Date): Expiry {
  if (expiresAt === undefined) return { at: '', ttl: '' };
  const left = expiresAt.getTime() - now.getTime();
  return { at: String(expiresAt.getTime()), ttl: left > 0 ? String(left + SLACK_MS) : '0' };
}
