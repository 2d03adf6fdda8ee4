import mongoose, { type Connection, Schema } from 'mongoose';
import type { Artifact, ArtifactIndexes, ArtifactStore } from '../../domain/tokens/artifact-store.ts';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import type { StoredArtifact } from '../holdings.ts';
import type { NextNumber } from './ascending-numbers.ts';
import { upsert } from './compare-and-swap.ts';
import { SCHEMA_OPTIONS, sweepAt, withoutUndefined } from './documents.ts';
import { isDuplicate } from './mongo-errors.ts';

/** Fields that are undefined are not there. */
export interface ArtifactDocument extends ArtifactIndexes {
  /** Kind and id. */
  readonly _id: string;
  readonly kind: string;
  /** JSON: the names in it may be anything. */
  readonly payload: string;
  /** Seconds since the epoch. */
  readonly consumedAt?: number | undefined;
  /** Which of several was inserted first. */
  readonly order: number;
  readonly expiresAt?: Date | undefined;
  readonly sweepAt?: Date | undefined;
}

const SCHEMA = new Schema<ArtifactDocument>(
  {
    _id: { type: String, required: true },
    kind: { type: String, required: true },
    payload: { type: String, required: true },
    grantId: String,
    accountId: String,
    clientId: String,
    uid: String,
    userCode: String,
    consumedAt: Number,
    order: { type: Number, required: true },
    expiresAt: Date,
    sweepAt: Date,
  },
  SCHEMA_OPTIONS,
);

/** Later than every expiry. */
const NEVER = new Date(8.64e15);

/** The durable kinds, which have no members. The tests of the port put any kind here. */
export function createArtifactStore(connection: Connection, clock: Clock, nextOrder: NextNumber): ArtifactStore {
  const artifacts = connection.model('artifacts', SCHEMA, 'artifacts');
  // Also true of what has no expiry.
  const live = () => mongoose.trusted({ $not: { $lte: clock() } });

  return {
    async put(kind, id, artifact, expiresAt) {
      const { order, consumedAt, ...document } = fromArtifact({ kind, id, artifact, expiresAt }, clock, nextOrder());
      const { _id } = document;
      const replacement = { $mergeObjects: [{ $literal: withoutUndefined(document) }, keptFields(order, consumedAt, clock())] };
      await upsert(() => artifacts.updateOne({ _id }, [{ $replaceWith: replacement }], { upsert: true, updatePipeline: true }).exec());
    },
    async putOnce(kind, id, artifact, expiresAt) {
      const document = fromArtifact({ kind, id, artifact, expiresAt }, clock, nextOrder());
      // Finds what has expired and replaces it; else inserts, which fails when something is there that has not.
      const expired = { _id: document._id, expiresAt: mongoose.trusted({ $lte: clock() }) };
      try {
        await artifacts.replaceOne(expired, document, { upsert: true });
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    async find(kind, id) {
      const document = await artifacts.findOne({ _id: keyOf(kind, id) }).lean<ArtifactDocument>();
      return document && isLive(document, clock()) ? toStored(document).artifact : undefined;
    },
    async findBy(kind, index, value) {
      const document = await artifacts
        .findOne({ [index]: value, kind, expiresAt: live() })
        .sort({ order: -1 })
        .lean<ArtifactDocument>();
      return document ? toEntry(document) : undefined;
    },
    async list(kind, index, value) {
      const documents = await artifacts
        .find({ [index]: value, kind, expiresAt: live() })
        .sort({ order: 1 })
        .lean<ArtifactDocument[]>();
      return documents.map(toEntry);
    },
    async consume(kind, id) {
      const unused = { _id: keyOf(kind, id), consumedAt: mongoose.trusted({ $exists: false }), expiresAt: live() };
      return (await artifacts.updateOne(unused, { $set: { consumedAt: epochSeconds(clock()) } })).modifiedCount === 1;
    },
    async remove(kind, id) {
      await artifacts.deleteOne({ _id: keyOf(kind, id) });
    },
    async removeBy(index, value, kinds) {
      const filter = { [index]: value, ...(kinds !== undefined && { kind: mongoose.trusted({ $in: [...kinds] }) }) };
      return (await artifacts.deleteMany(filter)).deletedCount;
    },
  };
}

/** What a put leaves as it is, as an aggregation expression over the document that is there: its order, and its consumed mark while it lives. */
function keptFields(order: number, consumedAt: number | undefined, now: Date) {
  const given = consumedAt ?? '$$REMOVE';
  const expired = { $lte: [{ $ifNull: ['$expiresAt', NEVER] }, now] };
  return { order: { $ifNull: ['$order', order] }, consumedAt: { $cond: [expired, given, { $ifNull: ['$consumedAt', given] }] } };
}

/** No kind has a space in it. */
function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}

export function isLive({ expiresAt }: ArtifactDocument, now: Date): boolean {
  return expiresAt === undefined || expiresAt > now;
}

function fromArtifact({ kind, id, artifact, expiresAt }: StoredArtifact, clock: Clock, order: number): ArtifactDocument {
  if (artifact.members !== undefined) throw new Error(`artifacts with members, like ${kind}, are not kept in MongoDB`);
  return {
    _id: keyOf(kind, id),
    kind,
    payload: JSON.stringify(artifact.payload),
    grantId: artifact.grantId,
    accountId: artifact.accountId,
    clientId: artifact.clientId,
    uid: artifact.uid,
    userCode: artifact.userCode,
    consumedAt: artifact.consumedAt,
    order,
    expiresAt,
    sweepAt: expiresAt && sweepAt(expiresAt, clock),
  };
}

export function toStored(document: ArtifactDocument): StoredArtifact {
  const { kind, grantId, accountId, clientId, uid, userCode, consumedAt, expiresAt } = document;
  const artifact: Artifact = {
    payload: JSON.parse(document.payload),
    grantId,
    accountId,
    clientId,
    uid,
    userCode,
    consumedAt,
    members: undefined,
  };
  return { kind, id: document._id.slice(kind.length + 1), artifact, expiresAt };
}

function toEntry(document: ArtifactDocument) {
  const { id, artifact } = toStored(document);
  return { id, artifact };
}
