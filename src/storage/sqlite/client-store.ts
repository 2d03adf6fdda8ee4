import { type Client, type ClientSecret, type ClientType, clientId } from '../../domain/clients/client.ts';
import type { ClientStore } from '../../domain/clients/client-store.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection, Statement, Values } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

/** Lists are JSON arrays, metadata is a JSON object. */
interface ClientRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly type: string;
  readonly verified: number;
  readonly disabled: number;
  readonly redirect_uris: string;
  readonly post_logout_redirect_uris: string;
  readonly scopes: string;
  readonly require_pkce: number;
  readonly refresh_without_offline_access: number;
  readonly allowed_origins: string;
  readonly allowed_addresses: string;
  readonly secrets: string;
  readonly metadata: string;
  readonly created_at: number;
  readonly updated_at: number;
}

const UNIQUE_FIELDS = { 'clients.id': 'id' };

const INSERT = `
INSERT INTO clients (id, tenant_id, name, type, verified, disabled, redirect_uris, post_logout_redirect_uris, scopes, require_pkce,
  refresh_without_offline_access, allowed_origins, allowed_addresses, secrets, metadata, created_at, updated_at)
VALUES (:id, :tenant_id, :name, :type, :verified, :disabled, :redirect_uris, :post_logout_redirect_uris, :scopes, :require_pkce,
  :refresh_without_offline_access, :allowed_origins, :allowed_addresses, :secrets, :metadata, :created_at, :updated_at)`;

/** A client keeps its id and its tenant for life. */
const UPDATE = `
UPDATE clients SET name = :name, type = :type, verified = :verified, disabled = :disabled, redirect_uris = :redirect_uris,
  post_logout_redirect_uris = :post_logout_redirect_uris, scopes = :scopes, require_pkce = :require_pkce,
  refresh_without_offline_access = :refresh_without_offline_access, allowed_origins = :allowed_origins,
  allowed_addresses = :allowed_addresses, secrets = :secrets, metadata = :metadata, created_at = :created_at, updated_at = :updated_at
WHERE tenant_id = :tenant_id AND id = :id
RETURNING *`;

export function createClientStore(connection: Connection): ClientStore {
  const insert = connection.statement(INSERT);
  const update = connection.statement<ClientRow>(UPDATE);
  const byId = connection.statement<ClientRow>('SELECT * FROM clients WHERE id = :id');
  const inTenant = connection.statement<ClientRow>('SELECT * FROM clients WHERE tenant_id = :tenant AND id = :id');
  const remove = connection.statement('DELETE FROM clients WHERE tenant_id = :tenant AND id = :id');
  const page = connection.statement<ClientRow>('SELECT * FROM clients WHERE id > :after ORDER BY id LIMIT :limit');
  const tenantPage = connection.statement<ClientRow>(
    'SELECT * FROM clients WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit',
  );
  const one = (statement: Statement<ClientRow>, values: Values): Client | undefined => {
    const row = statement.get(values);
    return row ? toClient(row) : undefined;
  };

  return {
    async create(client) {
      await connection.change(insert, fromClient(client)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => connection.read(() => one(byId, { id })),
    update(tenant, id, change) {
      return connection.transaction(() => {
        const old = one(inTenant, { tenant, id });
        return old && one(update, fromClient({ ...change(old), tenantId: tenant, id }));
      });
    },
    remove: async (tenant, id) => (await connection.change(remove, { tenant, id })) === 1,
    list(tenant, { after = '', limit }) {
      return connection.read(() =>
        (tenant === undefined ? page.all({ after, limit }) : tenantPage.all({ tenant, after, limit })).map(toClient),
      );
    },
  };
}

function fromClient(client: Client): { [Column in keyof ClientRow]: ClientRow[Column] } {
  return {
    id: client.id,
    tenant_id: client.tenantId,
    name: client.name,
    type: client.type,
    verified: Number(client.verified),
    disabled: Number(client.disabled),
    redirect_uris: JSON.stringify(client.redirectUris),
    post_logout_redirect_uris: JSON.stringify(client.postLogoutRedirectUris),
    scopes: JSON.stringify(client.scopes),
    require_pkce: Number(client.requirePkce),
    refresh_without_offline_access: Number(client.refreshWithoutOfflineAccess),
    allowed_origins: JSON.stringify(client.allowedOrigins),
    allowed_addresses: JSON.stringify(client.allowedAddresses),
    secrets: JSON.stringify(client.secrets.map(fromSecret)),
    metadata: JSON.stringify(client.metadata),
    created_at: client.createdAt.getTime(),
    updated_at: client.updatedAt.getTime(),
  };
}

function toClient(row: ClientRow): Client {
  return {
    id: clientId(row.id),
    tenantId: tenantId(row.tenant_id),
    name: row.name,
    type: row.type as ClientType,
    verified: row.verified === 1,
    disabled: row.disabled === 1,
    redirectUris: JSON.parse(row.redirect_uris),
    postLogoutRedirectUris: JSON.parse(row.post_logout_redirect_uris),
    scopes: JSON.parse(row.scopes),
    requirePkce: row.require_pkce === 1,
    refreshWithoutOfflineAccess: row.refresh_without_offline_access === 1,
    allowedOrigins: JSON.parse(row.allowed_origins),
    allowedAddresses: JSON.parse(row.allowed_addresses),
    secrets: (JSON.parse(row.secrets) as readonly StoredSecret[]).map(toSecret),
    metadata: JSON.parse(row.metadata),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}

interface StoredSecret {
  readonly id: string;
  readonly digest: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

function fromSecret(secret: ClientSecret): StoredSecret {
  return {
    id: secret.id,
    digest: secret.digest,
    created_at: secret.createdAt.getTime(),
    expires_at: secret.expiresAt?.getTime() ?? null,
  };
}

function toSecret(stored: StoredSecret): ClientSecret {
  return {
    id: stored.id,
    digest: stored.digest,
    createdAt: new Date(stored.created_at),
    expiresAt: stored.expires_at === null ? undefined : new Date(stored.expires_at),
  };
}
