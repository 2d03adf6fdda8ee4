import { type Account, accountId, loginKey } from '../../domain/accounts/account.ts';
import type { AccountStore } from '../../domain/accounts/account-store.ts';
import type { Role } from '../../domain/policy/roles.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection, Statement, Values } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

interface AccountRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly email_key: string;
  readonly email_verified: number;
  readonly username: string | null;
  readonly username_key: string | null;
  readonly display_name: string | null;
  readonly phone_number: string | null;
  readonly newsletter: number;
  readonly role: string;
  readonly super_administrator: number;
  readonly disabled: number;
  readonly password_hash: string | null;
  readonly credential_version: number;
  readonly created_at: number;
  readonly updated_at: number;
}

const UNIQUE_FIELDS = { 'accounts.id': 'id', 'accounts.email_key': 'email', 'accounts.username_key': 'username' };

const INSERT = `
INSERT INTO accounts (id, tenant_id, email, email_key, email_verified, username, username_key, display_name,
  phone_number, newsletter, role, super_administrator, disabled, password_hash, credential_version, created_at, updated_at)
VALUES (:id, :tenant_id, :email, :email_key, :email_verified, :username, :username_key, :display_name,
  :phone_number, :newsletter, :role, :super_administrator, :disabled, :password_hash, :credential_version, :created_at, :updated_at)`;

/** An account keeps its id and its tenant for life. */
const UPDATE = `
UPDATE accounts SET email = :email, email_key = :email_key, email_verified = :email_verified, username = :username,
  username_key = :username_key, display_name = :display_name, phone_number = :phone_number, newsletter = :newsletter,
  role = :role, super_administrator = :super_administrator, disabled = :disabled, password_hash = :password_hash, credential_version = :credential_version,
  created_at = :created_at, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND id = :id
RETURNING *`;

export function createAccountStore(connection: Connection): AccountStore {
  const insert = connection.statement(INSERT);
  const update = connection.statement<AccountRow>(UPDATE);
  // Its factor, with the recovery codes, its identities elsewhere and its links go with it (ON DELETE CASCADE).
  const remove = connection.statement('DELETE FROM accounts WHERE tenant_id = :tenant AND id = :id');
  const inTenant = connection.statement<AccountRow>('SELECT * FROM accounts WHERE tenant_id = :tenant AND id = :id');
  const byId = connection.statement<AccountRow>('SELECT * FROM accounts WHERE id = :id');
  const byEmail = connection.statement<AccountRow>('SELECT * FROM accounts WHERE email_key = :key');
  const byUsername = connection.statement<AccountRow>('SELECT * FROM accounts WHERE username_key = :key');
  const page = connection.statement<AccountRow>('SELECT * FROM accounts WHERE id > :after ORDER BY id LIMIT :limit');
  const tenantPage = connection.statement<AccountRow>(
    'SELECT * FROM accounts WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit',
  );
  const superAdministrator = connection.statement('SELECT 1 FROM accounts WHERE super_administrator = 1 LIMIT 1');
  const one = (statement: Statement<AccountRow>, values: Values): Account | undefined => {
    const row = statement.get(values);
    return row ? toAccount(row) : undefined;
  };

  return {
    async create(account) {
      await connection.change(insert, fromAccount(account)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (tenant, id) => connection.read(() => one(inTenant, { tenant, id })),
    findSubject: (id) => connection.read(() => one(byId, { id })),
    findByLogin: (key) => connection.read(() => one(key.includes('@') ? byEmail : byUsername, { key })),
    update(tenant, id, change) {
      return connection
        .transaction(() => {
          const old = one(inTenant, { tenant, id });
          return old && one(update, fromAccount({ ...change(old), tenantId: tenant, id }));
        })
        .catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    remove: async (tenant, id) => (await connection.change(remove, { tenant, id })) === 1,
    list(tenant, { after = '', limit }) {
      return connection.read(() =>
        (tenant === undefined ? page.all({ after, limit }) : tenantPage.all({ tenant, after, limit })).map(toAccount),
      );
    },
    hasSuperAdministrator: () => connection.read(() => superAdministrator.get() !== undefined),
  };
}

function fromAccount(account: Account): { [Column in keyof AccountRow]: AccountRow[Column] } {
  return {
    id: account.id,
    tenant_id: account.tenantId,
    email: account.email,
    email_key: loginKey(account.email),
    email_verified: Number(account.emailVerified),
    username: account.username ?? null,
    username_key: account.username === undefined ? null : loginKey(account.username),
    display_name: account.displayName ?? null,
    phone_number: account.phoneNumber ?? null,
    newsletter: Number(account.newsletter),
    role: account.role,
    super_administrator: Number(account.superAdministrator),
    disabled: Number(account.disabled),
    password_hash: account.passwordHash ?? null,
    credential_version: account.credentialVersion,
    created_at: account.createdAt.getTime(),
    updated_at: account.updatedAt.getTime(),
  };
}

function toAccount(row: AccountRow): Account {
  return {
    id: accountId(row.id),
    tenantId: tenantId(row.tenant_id),
    email: row.email,
    emailVerified: row.email_verified === 1,
    username: row.username ?? undefined,
    displayName: row.display_name ?? undefined,
    phoneNumber: row.phone_number ?? undefined,
    newsletter: row.newsletter === 1,
    role: row.role as Role,
    superAdministrator: row.super_administrator === 1,
    disabled: row.disabled === 1,
    passwordHash: row.password_hash ?? undefined,
    credentialVersion: row.credential_version,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
