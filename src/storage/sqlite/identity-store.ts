import { accountId } from '../../domain/accounts/account.ts';
import { type FederatedIdentity, identityId } from '../../domain/federation/identity.ts';
import type { IdentityStore } from '../../domain/federation/identity-store.ts';
import { providerId } from '../../domain/federation/upstream-provider.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection } from './connection.ts';
import { rethrowOrphaned, rethrowTaken } from './sqlite-errors.ts';

export interface IdentityRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly account_id: string;
  readonly provider_id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly label: string;
  readonly linked_at: number;
  readonly last_sign_in_at: number | null;
}

const UNIQUE_FIELDS = { 'federated_identities.id': 'id', 'federated_identities.subject': 'identity' };

const INSERT = `
INSERT INTO federated_identities (id, tenant_id, account_id, provider_id, issuer, subject, label, linked_at, last_sign_in_at)
VALUES (:id, :tenant_id, :account_id, :provider_id, :issuer, :subject, :label, :linked_at, :last_sign_in_at)`;

const REMOVE = `
DELETE FROM federated_identities WHERE tenant_id = :tenant AND account_id = :account AND id = :id AND (
  EXISTS (SELECT 1 FROM accounts WHERE tenant_id = :tenant AND id = :account AND password_hash IS NOT NULL)
  OR EXISTS (SELECT 1 FROM federated_identities other WHERE other.tenant_id = :tenant AND other.account_id = :account AND other.id <> :id
    AND other.id IN (SELECT value FROM json_each(:ways))))`;

export function createIdentityStore(connection: Connection): IdentityStore {
  const insert = connection.statement(INSERT);
  const find = connection.statement<IdentityRow>('SELECT * FROM federated_identities WHERE issuer = :issuer AND subject = :subject');
  const note = connection.statement('UPDATE federated_identities SET label = :label, last_sign_in_at = :at WHERE id = :id');
  const list = connection.statement<IdentityRow>(
    'SELECT * FROM federated_identities WHERE tenant_id = :tenant AND account_id = :account ORDER BY linked_at, id',
  );
  const remove = connection.statement(REMOVE);
  const isThere = connection.statement(
    'SELECT 1 FROM federated_identities WHERE tenant_id = :tenant AND account_id = :account AND id = :id',
  );

  return {
    async create(identity) {
      await connection
        .change(insert, fromIdentity(identity))
        .catch((error) => rethrowOrphaned(error, 'This account was removed in the meantime.'))
        .catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (issuer, subject) =>
      connection.read(() => {
        const row = find.get({ issuer, subject });
        return row ? toIdentity(row) : undefined;
      }),
    async noteSignIn(id, label, at) {
      await connection.change(note, { id, label, at: at.getTime() });
    },
    list: (tenant, account) => connection.read(() => list.all({ tenant, account }).map(toIdentity)),
    remove: (tenant, account, id, ways) =>
      connection.transaction(() => {
        const key = { tenant, account, id };
        if (remove.run({ ...key, ways: JSON.stringify(ways) }) === 1) return 'removed';
        return isThere.get(key) ? 'last' : 'absent';
      }),
  };
}

function fromIdentity(identity: FederatedIdentity): { [Column in keyof IdentityRow]: IdentityRow[Column] } {
  return {
    id: identity.id,
    tenant_id: identity.tenantId,
    account_id: identity.accountId,
    provider_id: identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    label: identity.label,
    linked_at: identity.linkedAt.getTime(),
    last_sign_in_at: identity.lastSignInAt?.getTime() ?? null,
  };
}

export function toIdentity(row: IdentityRow): FederatedIdentity {
  return {
    id: identityId(row.id),
    tenantId: tenantId(row.tenant_id),
    accountId: accountId(row.account_id),
    providerId: providerId(row.provider_id),
    issuer: row.issuer,
    subject: row.subject,
    label: row.label,
    linkedAt: new Date(row.linked_at),
    lastSignInAt: row.last_sign_in_at === null ? undefined : new Date(row.last_sign_in_at),
  };
}
