export interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Applied in order, each once. A released migration is never edited: change the schema by adding one.
 * Every column is explained in docs/storage-schema.md. Times are milliseconds since the epoch unless the name says otherwise.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE tenants (
  id TEXT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
  username TEXT,
  username_key TEXT UNIQUE,
  display_name TEXT,
  role TEXT NOT NULL,
  super_administrator INTEGER NOT NULL CHECK (super_administrator IN (0, 1)),
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  password_hash TEXT,
  credential_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX accounts_super_administrator ON accounts (super_administrator) WHERE super_administrator = 1;

CREATE TABLE one_time_links (
  digest TEXT NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_links_account ON one_time_links (account_id, purpose);
CREATE INDEX one_time_links_expiry ON one_time_links (expires_at);

CREATE TABLE totp_factors (
  account_id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  confirmed_at INTEGER NOT NULL,
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE recovery_codes (
  account_id TEXT NOT NULL REFERENCES totp_factors (account_id) ON DELETE CASCADE,
  digest TEXT NOT NULL,
  PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  redirect_uris TEXT NOT NULL,
  post_logout_redirect_uris TEXT NOT NULL,
  scopes TEXT NOT NULL,
  require_pkce INTEGER NOT NULL CHECK (require_pkce IN (0, 1)),
  refresh_without_offline_access INTEGER NOT NULL CHECK (refresh_without_offline_access IN (0, 1)),
  allowed_origins TEXT NOT NULL,
  secrets TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_tenant ON clients (tenant_id, id);

CREATE TABLE signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  alg TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed_private_jwk TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (alg) WHERE active = 1;

CREATE TABLE artifacts (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  payload TEXT NOT NULL,
  grant_id TEXT,
  account_id TEXT,
  client_id TEXT,
  uid TEXT,
  user_code TEXT,
  member_group TEXT,
  consumed_at INTEGER,
  expires_at INTEGER,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX artifacts_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX artifacts_account ON artifacts (account_id, kind) WHERE account_id IS NOT NULL;
CREATE INDEX artifacts_client ON artifacts (client_id, kind) WHERE client_id IS NOT NULL;
CREATE INDEX artifacts_uid ON artifacts (uid) WHERE uid IS NOT NULL;
CREATE INDEX artifacts_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
CREATE INDEX artifacts_expiry ON artifacts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE artifact_members (
  kind TEXT NOT NULL,
  member_group TEXT NOT NULL,
  entries TEXT NOT NULL,
  expires_at INTEGER,
  PRIMARY KEY (kind, member_group)
) STRICT;
CREATE INDEX artifact_members_expiry ON artifact_members (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE login_challenges (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  credential_version INTEGER NOT NULL,
  step TEXT NOT NULL,
  remember INTEGER NOT NULL CHECK (remember IN (0, 1)),
  sealed_secret TEXT,
  amr TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_challenges_expiry ON login_challenges (expires_at);

CREATE TABLE counters (
  key TEXT NOT NULL PRIMARY KEY,
  count INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
  resets_at INTEGER NOT NULL
) STRICT;
CREATE INDEX counters_expiry ON counters (resets_at);

CREATE TABLE audit_events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  tenant_id TEXT,
  account_id TEXT,
  client_id TEXT,
  request_id TEXT NOT NULL,
  ip TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_tenant ON audit_events (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_events_account ON audit_events (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX audit_events_client ON audit_events (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX audit_events_type ON audit_events (type);
`,
  },
  {
    version: 2,
    sql: `
ALTER TABLE tenants ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1));
ALTER TABLE tenants ADD COLUMN registration_open INTEGER NOT NULL DEFAULT 0 CHECK (registration_open IN (0, 1));
ALTER TABLE tenants ADD COLUMN allowed_addresses TEXT NOT NULL DEFAULT '[]';

ALTER TABLE accounts ADD COLUMN phone_number TEXT;
ALTER TABLE accounts ADD COLUMN newsletter INTEGER NOT NULL DEFAULT 0 CHECK (newsletter IN (0, 1));

ALTER TABLE clients ADD COLUMN allowed_addresses TEXT NOT NULL DEFAULT '[]';

CREATE TABLE licences (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  key TEXT NOT NULL UNIQUE,
  agreement_kind TEXT NOT NULL,
  agreement_name TEXT NOT NULL,
  agreement_provides TEXT NOT NULL,
  agreement_published_at INTEGER NOT NULL,
  starts_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  device_id TEXT,
  amount_per_month INTEGER NOT NULL,
  discount_basis_points INTEGER NOT NULL,
  catalogue_ids TEXT NOT NULL,
  paid_until INTEGER,
  signed_by TEXT,
  signed_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX licences_tenant ON licences (tenant_id, id);
CREATE INDEX licences_device ON licences (tenant_id, device_id) WHERE device_id IS NOT NULL;
`,
  },
  {
    version: 3,
    sql: `
CREATE TABLE upstream_providers (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT REFERENCES tenants (id),
  name TEXT NOT NULL,
  preset TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  authentication TEXT NOT NULL,
  sealed_secret TEXT,
  scopes TEXT NOT NULL,
  claims TEXT NOT NULL,
  role_map TEXT NOT NULL,
  role_fallback TEXT,
  creation TEXT NOT NULL,
  creation_domains TEXT NOT NULL,
  trusted_domains TEXT NOT NULL,
  home_domains TEXT NOT NULL,
  second_factor TEXT NOT NULL,
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE federated_identities (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  label TEXT NOT NULL,
  linked_at INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  UNIQUE (issuer, subject),
  FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX federated_identities_account ON federated_identities (tenant_id, account_id);
`,
  },
  {
    version: 4,
    sql: `
ALTER TABLE upstream_providers ADD COLUMN ends_session INTEGER NOT NULL DEFAULT 0 CHECK (ends_session IN (0, 1));
ALTER TABLE upstream_providers ADD COLUMN keeps_tokens INTEGER NOT NULL DEFAULT 0 CHECK (keeps_tokens IN (0, 1));
`,
  },
  {
    version: 5,
    sql: `
ALTER TABLE federated_identities ADD COLUMN sealed_tokens TEXT;
ALTER TABLE federated_identities ADD COLUMN tokens_due_at INTEGER;
CREATE INDEX federated_identities_tokens ON federated_identities (tokens_due_at) WHERE tokens_due_at IS NOT NULL;
CREATE INDEX upstream_providers_tenant ON upstream_providers (tenant_id);
`,
  },
];
