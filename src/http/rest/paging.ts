import { z } from 'zod';

/** Entries of a list without `limit`, and the most of them in one answer. */
const USUAL = 50;
const MOST = 500;

/** `limit` of a list, as it stands in a query. */
export const limitSchema = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, `a whole number from 1 to ${MOST}`)
  .transform(Number)
  .refine((limit) => limit <= MOST, `a whole number from 1 to ${MOST}`)
  .default(USUAL)
  .meta({ description: `How many entries at most: 1 to ${MOST}, ${USUAL} unless told.` });

interface Listed<Entry> {
  readonly entries: readonly Entry[];
  /** Whether there are more. */
  readonly more: boolean;
}

/** A page of a list, from one entry more than was asked for. */
export function cut<Entry>(found: readonly Entry[], limit: number): Listed<Entry> {
  return { entries: found.slice(0, limit), more: found.length > limit };
}
