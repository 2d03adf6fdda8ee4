import mongoose, { type Connection, Schema } from 'mongoose';
import { accountId } from '../../domain/accounts/account.ts';
import type { MfaStore, TotpFactor } from '../../domain/mfa/mfa-store.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { EnrolledFactor } from '../holdings.ts';
import { SCHEMA_OPTIONS } from './documents.ts';
import { isDuplicate } from './mongo-errors.ts';

/** The recovery codes are part of their factor, so that every act is one statement on one document. */
export interface FactorDocument {
  /** Of the account. */
  readonly _id: string;
  readonly tenantId: string;
  readonly sealedSecret: string;
  readonly lastStep: number;
  readonly confirmedAt: Date;
  readonly recoveryDigests: readonly string[];
}

const SCHEMA = new Schema<FactorDocument>(
  {
    _id: { type: String, required: true },
    tenantId: { type: String, required: true },
    sealedSecret: { type: String, required: true },
    lastStep: { type: Number, required: true },
    confirmedAt: { type: Date, required: true },
    recoveryDigests: [String],
  },
  SCHEMA_OPTIONS,
);

export function createMfaStore(connection: Connection): MfaStore {
  const factors = connection.model('totp_factors', SCHEMA, 'totp_factors');
  const find = (tenant: string, account: string) => factors.findOne({ _id: account, tenantId: tenant }).lean<FactorDocument>();

  return {
    async enrol(tenant, factor, recoveryDigests) {
      try {
        await factors.create(fromFactor({ tenantId: tenant, factor, recoveryDigests }));
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    async find(tenant, account) {
      const document = await find(tenant, account);
      return document ? toEnrolled(document).factor : undefined;
    },
    async acceptStep(tenant, account, step) {
      const earlier = { _id: account, tenantId: tenant, lastStep: mongoose.trusted({ $lt: step }) };
      return (await factors.updateOne(earlier, { $set: { lastStep: step } })).modifiedCount === 1;
    },
    async useRecoveryCode(tenant, account, digest) {
      const holder = { _id: account, tenantId: tenant, recoveryDigests: digest };
      return (await factors.updateOne(holder, { $pull: { recoveryDigests: digest } })).modifiedCount === 1;
    },
    countRecoveryCodes: async (tenant, account) => (await find(tenant, account))?.recoveryDigests.length ?? 0,
    remove: async (tenant, account) => (await factors.deleteOne({ _id: account, tenantId: tenant })).deletedCount === 1,
  };
}

function fromFactor({ tenantId, factor, recoveryDigests }: EnrolledFactor): FactorDocument {
  return {
    _id: factor.accountId,
    tenantId,
    sealedSecret: factor.sealedSecret,
    lastStep: factor.lastStep,
    confirmedAt: factor.confirmedAt,
    recoveryDigests,
  };
}

export function toEnrolled(document: FactorDocument): EnrolledFactor {
  const { sealedSecret, lastStep, confirmedAt, recoveryDigests } = document;
  return {
    tenantId: tenantId(document.tenantId),
    factor: { accountId: accountId(document._id), sealedSecret, lastStep, confirmedAt } satisfies TotpFactor,
    recoveryDigests,
  };
}
