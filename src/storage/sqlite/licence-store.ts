import { accountId } from '../../domain/accounts/account.ts';
import { type Licence, licenceId } from '../../domain/licences/licence.ts';
import type { LicenceOrder, LicenceQuery, LicenceStore } from '../../domain/licences/licence-store.ts';
import { type TenantId, tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection, Values } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

/** Lists are JSON arrays. */
interface LicenceRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly key: string;
  readonly agreement_kind: string;
  readonly agreement_name: string;
  readonly agreement_provides: string;
  readonly agreement_published_at: number;
  readonly starts_at: number;
  readonly expires_at: number;
  readonly device_id: string | null;
  readonly amount_per_month: number;
  readonly discount_basis_points: number;
  readonly catalogue_ids: string;
  readonly paid_until: number | null;
  readonly signed_by: string | null;
  readonly signed_at: number | null;
  readonly created_at: number;
}

const UNIQUE_FIELDS = { 'licences.id': 'id', 'licences.key': 'key' };

const INSERT = `
INSERT INTO licences (id, tenant_id, key, agreement_kind, agreement_name, agreement_provides, agreement_published_at, starts_at, expires_at,
  device_id, amount_per_month, discount_basis_points, catalogue_ids, paid_until, signed_by, signed_at, created_at)
VALUES (:id, :tenant_id, :key, :agreement_kind, :agreement_name, :agreement_provides, :agreement_published_at, :starts_at, :expires_at,
  :device_id, :amount_per_month, :discount_basis_points, :catalogue_ids, :paid_until, :signed_by, :signed_at, :created_at)`;

/** Not LIKE, in which some characters are wildcards and NUL is the end. */
const CONTAINS_TEXT = `(${['key', 'agreement_name', 'agreement_kind']
  .map((column) => `instr(lower(${column}), lower(:text)) > 0`)
  .join(' OR ')})`;

/** The default collation compares UTF-8, whose order is that of the code points. */
const COLUMN: Readonly<Record<LicenceOrder, string>> = {
  agreementName: 'agreement_name',
  key: 'key',
  startsAt: 'starts_at',
  expiresAt: 'expires_at',
};

export function createLicenceStore(connection: Connection): LicenceStore {
  const insert = connection.statement(INSERT);
  const find = connection.statement<LicenceRow>('SELECT * FROM licences WHERE tenant_id = :tenant AND id = :id');
  const remove = connection.statement('DELETE FROM licences WHERE tenant_id = :tenant AND id = :id');

  return {
    async create(licence) {
      await connection.change(insert, fromLicence(licence)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (tenant, id) =>
      connection.read(() => {
        const row = find.get({ tenant, id });
        return row ? toLicence(row) : undefined;
      }),
    list: (tenant, query) =>
      connection.read(() => {
        const { sql, values } = selection(tenant, query);
        return connection.statement<LicenceRow>(sql).all(values).map(toLicence);
      }),
    remove: async (tenant, id) => (await connection.change(remove, { tenant, id })) === 1,
  };
}

function selection(tenant: TenantId, { text, deviceId, kind, agreementName, orderBy, offset, limit }: LicenceQuery) {
  const filters: readonly (readonly [string, Record<string, string | undefined>])[] = [
    ['tenant_id = :tenant', { tenant }],
    [CONTAINS_TEXT, { text }],
    ['device_id = :device', { device: deviceId }],
    ['agreement_kind = :kind', { kind }],
    ['agreement_name = :name', { name: agreementName }],
  ];
  const given = filters.filter(([, value]) => !Object.values(value).includes(undefined));
  const order = orderBy.map(({ field, descending }) => `${COLUMN[field]} ${descending ? 'DESC' : 'ASC'}`);
  const values: Values = Object.assign({ limit, offset }, ...given.map(([, value]) => value));
  return {
    sql: `SELECT * FROM licences WHERE ${given.map(([condition]) => condition).join(' AND ')}
      ORDER BY ${[...order, 'id'].join(', ')} LIMIT :limit OFFSET :offset`,
    values,
  };
}

function fromLicence(licence: Licence): { [Column in keyof LicenceRow]: LicenceRow[Column] } {
  return {
    id: licence.id,
    tenant_id: licence.tenantId,
    key: licence.key,
    agreement_kind: licence.agreement.kind,
    agreement_name: licence.agreement.name,
    agreement_provides: JSON.stringify(licence.agreement.provides),
    agreement_published_at: licence.agreement.publishedAt.getTime(),
    starts_at: licence.startsAt.getTime(),
    expires_at: licence.expiresAt.getTime(),
    device_id: licence.deviceId ?? null,
    amount_per_month: licence.amountPerMonth,
    discount_basis_points: licence.discountBasisPoints,
    catalogue_ids: JSON.stringify(licence.catalogueIds),
    paid_until: licence.paidUntil?.getTime() ?? null,
    signed_by: licence.signedBy ?? null,
    signed_at: licence.signedAt?.getTime() ?? null,
    created_at: licence.createdAt.getTime(),
  };
}

function toLicence(row: LicenceRow): Licence {
  return {
    id: licenceId(row.id),
    tenantId: tenantId(row.tenant_id),
    key: row.key,
    agreement: {
      kind: row.agreement_kind,
      name: row.agreement_name,
      provides: JSON.parse(row.agreement_provides),
      publishedAt: new Date(row.agreement_published_at),
    },
    startsAt: new Date(row.starts_at),
    expiresAt: new Date(row.expires_at),
    deviceId: row.device_id ?? undefined,
    amountPerMonth: row.amount_per_month,
    discountBasisPoints: row.discount_basis_points,
    catalogueIds: JSON.parse(row.catalogue_ids),
    paidUntil: row.paid_until === null ? undefined : new Date(row.paid_until),
    signedBy: row.signed_by === null ? undefined : accountId(row.signed_by),
    signedAt: row.signed_at === null ? undefined : new Date(row.signed_at),
    createdAt: new Date(row.created_at),
  };
}
