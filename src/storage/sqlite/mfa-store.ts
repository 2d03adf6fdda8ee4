import { accountId } from '../../domain/accounts/account.ts';
import type { MfaStore, TotpFactor } from '../../domain/mfa/mfa-store.ts';
import type { TenantId } from '../../domain/tenants/tenant.ts';
import type { Connection } from './connection.ts';

export interface FactorRow {
  readonly account_id: string;
  readonly tenant_id: string;
  readonly sealed_secret: string;
  readonly last_step: number;
  readonly confirmed_at: number;
}

const OF_TENANT = 'EXISTS (SELECT 1 FROM totp_factors WHERE tenant_id = :tenant AND account_id = :account)';

export function createMfaStore(connection: Connection): MfaStore {
  const find = connection.statement<FactorRow>('SELECT * FROM totp_factors WHERE tenant_id = :tenant AND account_id = :account');
  // Recovery codes go with the factor they belong to (ON DELETE CASCADE).
  const remove = connection.statement('DELETE FROM totp_factors WHERE tenant_id = :tenant AND account_id = :account');
  const insert = connection.statement(
    `INSERT INTO totp_factors (account_id, tenant_id, sealed_secret, last_step, confirmed_at)
     VALUES (:account_id, :tenant_id, :sealed_secret, :last_step, :confirmed_at)
     ON CONFLICT (account_id) DO NOTHING`,
  );
  const insertCode = connection.statement('INSERT INTO recovery_codes (account_id, digest) VALUES (:account, :digest)');
  const acceptStep = connection.statement(
    'UPDATE totp_factors SET last_step = :step WHERE tenant_id = :tenant AND account_id = :account AND last_step < :step',
  );
  const useCode = connection.statement(`DELETE FROM recovery_codes WHERE account_id = :account AND digest = :digest AND ${OF_TENANT}`);
  const countCodes = connection.statement<{ readonly count: number }>(
    `SELECT count(*) AS count FROM recovery_codes WHERE account_id = :account AND ${OF_TENANT}`,
  );

  return {
    enrol(tenant, factor, recoveryDigests) {
      const account = factor.accountId;
      return connection.transaction(() => {
        const inserted = insert.run(fromFactor(tenant, factor)) === 1;
        if (inserted) for (const digest of recoveryDigests) insertCode.run({ account, digest });
        return inserted;
      });
    },
    find: (tenant, account) =>
      connection.read(() => {
        const row = find.get({ tenant, account });
        return row ? toFactor(row) : undefined;
      }),
    acceptStep: async (tenant, account, step) => (await connection.change(acceptStep, { tenant, account, step })) === 1,
    useRecoveryCode: async (tenant, account, digest) => (await connection.change(useCode, { tenant, account, digest })) === 1,
    countRecoveryCodes: (tenant, account) => connection.read(() => countCodes.get({ tenant, account })?.count ?? 0),
    remove: async (tenant, account) => (await connection.change(remove, { tenant, account })) === 1,
  };
}

function fromFactor(tenant: TenantId, factor: TotpFactor) {
  return {
    account_id: factor.accountId,
    tenant_id: tenant,
    sealed_secret: factor.sealedSecret,
    last_step: factor.lastStep,
    confirmed_at: factor.confirmedAt.getTime(),
  };
}

export function toFactor(row: FactorRow): TotpFactor {
  return {
    accountId: accountId(row.account_id),
    sealedSecret: row.sealed_secret,
    lastStep: row.last_step,
    confirmedAt: new Date(row.confirmed_at),
  };
}
