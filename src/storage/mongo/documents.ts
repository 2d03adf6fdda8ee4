import type { SchemaOptions } from 'mongoose';
import type { Clock } from '../../lib/clock.ts';

/** A path that the schema does not know is an error, in a document as in a filter. */
export const SCHEMA_OPTIONS = {
  strict: 'throw',
  strictQuery: 'throw',
  versionKey: false,
  id: false,
  minimize: false,
} as const satisfies SchemaOptions;

/** The server sweeps this much later than needed, so that no clock that is somewhat off makes it take what still counts. */
const SLACK_MS = 60_000;

/**
 * When the server may delete what expires: its own time, whatever ours says, so it is as far from its present as the expiry is from ours.
 * Reads judge `expiresAt` and never this.
 */
export function sweepAt(expiresAt: Date, clock: Clock): Date {
  return new Date(Date.now() + (expiresAt.getTime() - clock().getTime()) + SLACK_MS);
}

type Defined<Document> = { readonly [Name in keyof Document]: Exclude<Document[Name], undefined> };

/** BSON would store undefined as null, and a partial index would then hold the document. */
export function withoutUndefined<Document extends object>(document: Document): Defined<Document> {
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined)) as Defined<Document>;
}
