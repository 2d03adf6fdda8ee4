import mongoose, { type Connection, type Model, Schema } from 'mongoose';
import type { AuditEvent, AuditLog, AuditType } from '../../domain/audit/audit-log.ts';
import { storeUnavailable } from '../store-unavailable.ts';
import { ascendingNumbers, type NextNumber, type NumberSources } from './ascending-numbers.ts';
import { SCHEMA_OPTIONS, withoutUndefined } from './documents.ts';
import { DUPLICATE_KEY, isDuplicate } from './mongo-errors.ts';

/** Fields that are undefined are not there. */
export interface AuditDocument {
  /** The sequence number. */
  readonly _id: number;
  readonly at: Date;
  readonly type: string;
  readonly tenantId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly requestId: string;
  readonly ip: string;
  /** JSON: the names in it may be anything. */
  readonly detail: string;
}

const { MongoBulkWriteError } = mongoose.mongo;

const SCHEMA = new Schema<AuditDocument>(
  {
    _id: { type: Number, required: true },
    at: { type: Date, required: true },
    type: { type: String, required: true },
    tenantId: String,
    accountId: String,
    clientId: String,
    requestId: { type: String, required: true },
    ip: { type: String, required: true },
    detail: { type: String, required: true },
  },
  SCHEMA_OPTIONS,
);

/** Of one statement; far below what a message to the server may hold. */
const LARGEST_BATCH = 500;

interface Waiting {
  readonly event: Omit<AuditEvent, 'sequence'>;
  stored(): void;
  failed(error: unknown): void;
}

/** Entries that come while a write is under way are written together by the next one; each append resolves when its own entry is stored. */
export function createAuditLog(connection: Connection, sources: NumberSources): AuditLog {
  const events = connection.model<AuditDocument>('audit_events', SCHEMA, 'audit_events');
  let waiting: Waiting[] = [];
  let writing = false;
  let next: NextNumber | undefined;

  async function writeAll(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, LARGEST_BATCH);
      try {
        next ??= ascendingNumbers((await newestNumber(events)) + sources.randomBelow(1000), sources);
        const clashed = await writeBatch(events, batch, next);
        // Somebody's clock may be ahead: walking through all the numbers it took would take as many round trips.
        if (clashed.length > 0) next = undefined;
        waiting = [...clashed, ...waiting];
      } catch (error) {
        // What has come meanwhile would fail after just as long a wait.
        for (const { failed } of [...batch, ...waiting.splice(0)]) failed(error);
      }
    }
    writing = false;
  }

  return {
    append(event) {
      return new Promise((stored, failed) => {
        waiting.push({ event, stored, failed });
        if (!writing) void writeAll();
      });
    },
    async list({ limit, before, ...fields }) {
      const filter = { ...withoutUndefined(fields), ...(before !== undefined && { _id: mongoose.trusted({ $lt: before }) }) };
      return (await events.find(filter).sort({ _id: -1 }).limit(limit).lean<AuditDocument[]>()).map(toEvent);
    },
  };
}

async function newestNumber(events: Model<AuditDocument>): Promise<number> {
  const newest = await events.findOne().sort({ _id: -1 }).select({ _id: 1 }).lean<Pick<AuditDocument, '_id'>>();
  return newest?._id ?? 0;
}

/** Resolves to those whose number another process took at the same moment: they need another one. */
async function writeBatch(events: Model<AuditDocument>, batch: readonly Waiting[], next: NextNumber): Promise<readonly Waiting[]> {
  const documents = batch.map(({ event }) => fromEvent({ ...event, sequence: next() }));
  const taken = await insertMissing(events, documents);
  for (const [index, { stored }] of batch.entries()) if (!taken.has(index)) stored();
  return batch.filter((_, index) => taken.has(index));
}

/** Inserts those whose number is free; resolves to the places in the list of the others. */
export async function insertMissing(events: Model<AuditDocument>, documents: readonly AuditDocument[]): Promise<ReadonlySet<number>> {
  try {
    await events.insertMany([...documents], { ordered: false, lean: true });
    return new Set();
  } catch (error) {
    const unconfirmed = error instanceof MongoBulkWriteError ? error.result.getWriteConcernError() : undefined;
    if (unconfirmed) throw storeUnavailable(`MongoDB: ${unconfirmed.errmsg}`, error);
    if (!isDuplicate(error)) throw error;
    const { writeErrors } = error as { readonly writeErrors: readonly { readonly index: number; readonly code: number }[] };
    if (writeErrors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return new Set(writeErrors.map(({ index }) => index));
  }
}

export function fromEvent(event: AuditEvent): AuditDocument {
  return withoutUndefined({
    _id: event.sequence,
    at: event.at,
    type: event.type,
    tenantId: event.tenantId,
    accountId: event.accountId,
    clientId: event.clientId,
    requestId: event.requestId,
    ip: event.ip,
    detail: JSON.stringify(event.detail),
  });
}

export function toEvent(document: AuditDocument): AuditEvent {
  return {
    sequence: document._id,
    at: document.at,
    type: document.type as AuditType,
    tenantId: document.tenantId,
    accountId: document.accountId,
    clientId: document.clientId,
    requestId: document.requestId,
    ip: document.ip,
    detail: JSON.parse(document.detail),
  };
}
