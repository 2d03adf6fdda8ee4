import { type Connection, type Model, Schema } from 'mongoose';
import { SCHEMA_OPTIONS } from './documents.ts';

/** What there is once in the whole instance, under these ids. Each has its own of the fields. */
export const INSTANCE = { schema: 'schema', migration: 'migration', generation: 'generation' } as const;

export interface InstanceDocument {
  readonly _id: (typeof INSTANCE)[keyof typeof INSTANCE];
  /** Of the schema: the last migration that is done, 0 while the first one is not. */
  readonly version?: number;
  /** Of the migration lock: who has it, and until when unless it is renewed, by the server's clock. */
  readonly holder?: string;
  readonly until?: Date;
  /** Which generation of keys in Redis counts. */
  readonly generation?: number;
}

const SCHEMA = new Schema<InstanceDocument>(
  { _id: { type: String, required: true }, version: Number, holder: String, until: Date, generation: Number },
  SCHEMA_OPTIONS,
);

export type Instance = Model<InstanceDocument>;

export function instanceOn(connection: Connection): Instance {
  return connection.model<InstanceDocument>('instance', SCHEMA, 'instance');
}
