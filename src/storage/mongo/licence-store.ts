import mongoose, { type Connection, Schema } from 'mongoose';
import { accountId } from '../../domain/accounts/account.ts';
import { type Licence, licenceId } from '../../domain/licences/licence.ts';
import type { LicenceOrder, LicenceQuery, LicenceStore } from '../../domain/licences/licence-store.ts';
import { type TenantId, tenantId } from '../../domain/tenants/tenant.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { rethrowTaken } from './mongo-errors.ts';

/** Fields that are undefined are not there. */
interface LicenceDocument {
  readonly _id: string;
  readonly tenantId: string;
  readonly key: string;
  readonly agreementKind: string;
  readonly agreementName: string;
  readonly agreementProvides: readonly string[];
  readonly agreementPublishedAt: Date;
  readonly startsAt: Date;
  readonly expiresAt: Date;
  readonly deviceId?: string | undefined;
  readonly amountPerMonth: number;
  readonly discountBasisPoints: number;
  readonly catalogueIds: readonly string[];
  readonly paidUntil?: Date | undefined;
  readonly signedBy?: string | undefined;
  readonly signedAt?: Date | undefined;
  readonly createdAt: Date;
}

const SCHEMA = new Schema<LicenceDocument>(
  {
    _id: { type: String, required: true },
    tenantId: { type: String, required: true },
    key: { type: String, required: true },
    agreementKind: { type: String, required: true },
    agreementName: { type: String, required: true },
    agreementProvides: [String],
    agreementPublishedAt: { type: Date, required: true },
    startsAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    deviceId: String,
    amountPerMonth: { type: Number, required: true },
    discountBasisPoints: { type: Number, required: true },
    catalogueIds: [String],
    paidUntil: Date,
    signedBy: String,
    signedAt: Date,
    createdAt: { type: Date, required: true },
  },
  SCHEMA_OPTIONS,
);

const UNIQUE_FIELDS = { _id_: 'id', key: 'key' };

const SEARCHED = ['$key', '$agreementName', '$agreementKind'];

export function createLicenceStore(connection: Connection): LicenceStore {
  const licences = connection.model('licences', SCHEMA, 'licences');

  return {
    async create(licence) {
      await licences.create(fromLicence(licence)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    async find(tenant, id) {
      const document = await licences.findOne({ _id: id, tenantId: tenant }).lean<LicenceDocument>();
      return document ? toLicence(document) : undefined;
    },
    async list(tenant, query) {
      const { orderBy, offset, limit } = query;
      // Texts are compared as UTF-8, whose order is that of the code points.
      const documents = await licences
        .find(filterOf(tenant, query))
        .sort(sortOf(orderBy))
        .skip(offset)
        .limit(limit)
        .lean<LicenceDocument[]>();
      return documents.map(toLicence);
    },
    remove: async (tenant, id) => (await licences.deleteOne({ _id: id, tenantId: tenant })).deletedCount === 1,
  };
}

function filterOf(tenant: TenantId, { text, deviceId, kind, agreementName }: LicenceQuery) {
  return {
    tenantId: tenant,
    ...(deviceId !== undefined && { deviceId }),
    ...(kind !== undefined && { agreementKind: kind }),
    ...(agreementName !== undefined && { agreementName }),
    ...(text !== undefined && { $expr: mongoose.trusted({ $or: SEARCHED.map((field) => contains(field, text)) }) }),
  };
}

/** No regular expression, in which some characters mean something else and NUL is an error. */
function contains(field: string, text: string) {
  return { $gte: [{ $indexOfBytes: [{ $toLower: field }, { $toLower: { $literal: text } }] }, 0] };
}

/** The fields have the domain's names. Of a field that is named twice the first place decides. */
function sortOf(orderBy: LicenceQuery['orderBy']): Partial<Record<LicenceOrder | '_id', 1 | -1>> {
  const order: Partial<Record<LicenceOrder | '_id', 1 | -1>> = {};
  for (const { field, descending } of orderBy) order[field] ??= descending ? -1 : 1;
  return { ...order, _id: 1 };
}

function fromLicence(licence: Licence): LicenceDocument {
  return {
    _id: licence.id,
    tenantId: licence.tenantId,
    key: licence.key,
    agreementKind: licence.agreement.kind,
    agreementName: licence.agreement.name,
    agreementProvides: licence.agreement.provides,
    agreementPublishedAt: licence.agreement.publishedAt,
    startsAt: licence.startsAt,
    expiresAt: licence.expiresAt,
    deviceId: licence.deviceId,
    amountPerMonth: licence.amountPerMonth,
    discountBasisPoints: licence.discountBasisPoints,
    catalogueIds: licence.catalogueIds,
    paidUntil: licence.paidUntil,
    signedBy: licence.signedBy,
    signedAt: licence.signedAt,
    createdAt: licence.createdAt,
  };
}

function toLicence(document: LicenceDocument): Licence {
  return {
    id: licenceId(document._id),
    tenantId: tenantId(document.tenantId),
    key: document.key,
    agreement: {
      kind: document.agreementKind,
      name: document.agreementName,
      provides: document.agreementProvides,
      publishedAt: document.agreementPublishedAt,
    },
    startsAt: document.startsAt,
    expiresAt: document.expiresAt,
    deviceId: document.deviceId,
    amountPerMonth: document.amountPerMonth,
    discountBasisPoints: document.discountBasisPoints,
    catalogueIds: document.catalogueIds,
    paidUntil: document.paidUntil,
    signedBy: document.signedBy === undefined ? undefined : accountId(document.signedBy),
    signedAt: document.signedAt,
    createdAt: document.createdAt,
  };
}
