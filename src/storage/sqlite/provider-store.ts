import type { ProviderStore } from '../../domain/federation/provider-store.ts';
import { NO_CLAIM_PATHS, providerId, type UpstreamProvider } from '../../domain/federation/upstream-provider.ts';
import { tenantId } from '../../domain/tenants/tenant.ts';
import type { Connection } from './connection.ts';
import { rethrowTaken } from './sqlite-errors.ts';

/** Lists are JSON arrays, claims and role_map are JSON objects. */
interface ProviderRow {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly name: string;
  readonly preset: string;
  readonly issuer: string;
  readonly client_id: string;
  readonly authentication: string;
  readonly sealed_secret: string | null;
  readonly scopes: string;
  readonly claims: string;
  readonly role_map: string;
  readonly role_fallback: string | null;
  readonly creation: string;
  readonly creation_domains: string;
  readonly trusted_domains: string;
  readonly home_domains: string;
  readonly second_factor: string;
  readonly ends_session: number;
  readonly keeps_tokens: number;
  readonly disabled: number;
  readonly created_at: number;
  readonly updated_at: number;
}

const UNIQUE_FIELDS = { 'upstream_providers.id': 'id' };

const INSERT = `
INSERT INTO upstream_providers (id, tenant_id, name, preset, issuer, client_id, authentication, sealed_secret, scopes, claims, role_map,
  role_fallback, creation, creation_domains, trusted_domains, home_domains, second_factor, ends_session, keeps_tokens, disabled,
  created_at, updated_at)
VALUES (:id, :tenant_id, :name, :preset, :issuer, :client_id, :authentication, :sealed_secret, :scopes, :claims, :role_map,
  :role_fallback, :creation, :creation_domains, :trusted_domains, :home_domains, :second_factor, :ends_session, :keeps_tokens, :disabled,
  :created_at, :updated_at)`;

const UPDATE = `
UPDATE upstream_providers SET name = :name, preset = :preset, issuer = :issuer, client_id = :client_id, authentication = :authentication,
  sealed_secret = :sealed_secret, scopes = :scopes, claims = :claims, role_map = :role_map, role_fallback = :role_fallback,
  creation = :creation, creation_domains = :creation_domains, trusted_domains = :trusted_domains, home_domains = :home_domains,
  second_factor = :second_factor, ends_session = :ends_session, keeps_tokens = :keeps_tokens, disabled = :disabled,
  updated_at = :updated_at
WHERE id = :id
RETURNING *`;

export function createProviderStore(connection: Connection): ProviderStore {
  const insert = connection.statement(INSERT);
  const update = connection.statement<ProviderRow>(UPDATE);
  const byId = connection.statement<ProviderRow>('SELECT * FROM upstream_providers WHERE id = :id');
  const remove = connection.statement('DELETE FROM upstream_providers WHERE id = :id AND tenant_id IS :tenant_id');
  const all = connection.statement<ProviderRow>('SELECT * FROM upstream_providers ORDER BY created_at, id');
  const ofTenant = connection.statement<ProviderRow>(
    'SELECT * FROM upstream_providers WHERE tenant_id = :tenant OR tenant_id IS NULL ORDER BY created_at, id',
  );
  const one = (row: ProviderRow | undefined) => (row ? toProvider(row) : undefined);

  return {
    async create(provider) {
      await connection.change(insert, fromProvider(provider)).catch((error) => rethrowTaken(error, UNIQUE_FIELDS));
    },
    find: (id) => connection.read(() => one(byId.get({ id }))),
    update(id, change) {
      return connection.transaction(() => {
        const old = one(byId.get({ id }));
        if (!old) return undefined;
        const { tenant_id: _tenant, created_at: _createdAt, ...changed } = fromProvider({ ...change(old), id });
        return one(update.get(changed));
      });
    },
    remove: async ({ id, tenantId = null }) => (await connection.change(remove, { id, tenant_id: tenantId })) === 1,
    list: (tenant) => connection.read(() => (tenant === undefined ? all.all() : ofTenant.all({ tenant })).map(toProvider)),
  };
}

function fromProvider(provider: UpstreamProvider): { [Column in keyof ProviderRow]: ProviderRow[Column] } {
  return {
    id: provider.id,
    tenant_id: provider.tenantId ?? null,
    name: provider.name,
    preset: provider.preset,
    issuer: provider.issuer,
    client_id: provider.clientId,
    authentication: provider.authentication,
    sealed_secret: provider.sealedSecret ?? null,
    scopes: JSON.stringify(provider.scopes),
    claims: JSON.stringify(provider.claims),
    role_map: JSON.stringify(provider.roles.map),
    role_fallback: provider.roles.fallback ?? null,
    creation: provider.creation,
    creation_domains: JSON.stringify(provider.creationDomains),
    trusted_domains: JSON.stringify(provider.trustedDomains),
    home_domains: JSON.stringify(provider.homeDomains),
    second_factor: provider.secondFactor,
    ends_session: Number(provider.endsSession),
    keeps_tokens: Number(provider.keepsTokens),
    disabled: Number(provider.disabled),
    created_at: provider.createdAt.getTime(),
    updated_at: provider.updatedAt.getTime(),
  };
}

function toProvider(row: ProviderRow): UpstreamProvider {
  return {
    id: providerId(row.id),
    tenantId: row.tenant_id === null ? undefined : tenantId(row.tenant_id),
    name: row.name,
    preset: row.preset as UpstreamProvider['preset'],
    issuer: row.issuer,
    clientId: row.client_id,
    authentication: row.authentication as UpstreamProvider['authentication'],
    sealedSecret: row.sealed_secret ?? undefined,
    scopes: JSON.parse(row.scopes),
    claims: { ...NO_CLAIM_PATHS, ...JSON.parse(row.claims) },
    roles: { map: JSON.parse(row.role_map), fallback: (row.role_fallback ?? undefined) as UpstreamProvider['roles']['fallback'] },
    creation: row.creation as UpstreamProvider['creation'],
    creationDomains: JSON.parse(row.creation_domains),
    trustedDomains: JSON.parse(row.trusted_domains),
    homeDomains: JSON.parse(row.home_domains),
    secondFactor: row.second_factor as UpstreamProvider['secondFactor'],
    endsSession: row.ends_session === 1,
    keepsTokens: row.keeps_tokens === 1,
    disabled: row.disabled === 1,
    configured: false,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
