import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { equalInConstantTime, sha256 } from '../../lib/digest.ts';
import type { JsonObject } from '../../lib/json.ts';
import { randomToken } from '../../lib/random.ts';
import type { Audit } from '../audit/audit.ts';
import type { AuditType, Origin } from '../audit/audit-log.ts';
import { AlreadyExistsError, InvalidValueError, NotFoundError } from '../errors.ts';
import { checkAddresses } from '../limits/address.ts';
import { allowedScopes, type ScopeCatalogue } from '../policy/allowed-scopes.ts';
import { isOpenidScope } from '../policy/openid-scopes.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TokenRegistry } from '../tokens/token-registry.ts';
import { isAccountClient } from './account-client.ts';
import { type Client, type ClientId, type ClientSecret, type ClientType, clientId } from './client.ts';
import { type ClientMetadata, KEPT_METADATA } from './client-metadata.ts';
import type { ClientStore } from './client-store.ts';
import { checkOrigin, checkRedirectUri } from './redirect-uri.ts';

export interface ClientInput {
  readonly tenantId: TenantId;
  readonly type: ClientType;
  readonly metadata: ClientMetadata;
  readonly verified?: boolean;
  /** A client_id or secret decided elsewhere (the demo's); generated when absent. */
  readonly id?: ClientId;
  readonly secret?: string;
}

/** A secret that is at hand once, right now. */
export interface IssuedClient {
  readonly client: Client;
  readonly secret: string | undefined;
}

export interface ClientService {
  /** Without `scope` a client has the API scopes a viewer may hand over, and a service none. @throws InvalidValueError naming the field */
  create(input: ClientInput, origin: Origin): Promise<IssuedClient>;
  /** @throws NotFoundError */
  resolve(id: string): Promise<Client>;
  /** Members of `metadata` replace what the client has. @throws InvalidValueError */
  update(client: Client, change: { metadata?: ClientMetadata; verified?: boolean; disabled?: boolean }, origin: Origin): Promise<Client>;
  /** A new secret. The newest of the old ones goes on working for `overlapSeconds`; any others stop now. */
  addSecret(client: Client, overlapSeconds: number, origin: Origin): Promise<IssuedClient>;
  /** Removes the client, its grants and its tokens. */
  remove(client: Client, origin: Origin): Promise<void>;
}

export interface ClientServiceDeps {
  readonly clients: ClientStore;
  readonly tokens: TokenRegistry;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly catalogue: ScopeCatalogue;
}

/** Whether `secret` is one of the client's live ones; takes the same time whichever it is. */
export function matchesSecret(secrets: readonly ClientSecret[], secret: string, now: Date): boolean {
  const digest = sha256(secret);
  return secrets
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .map((live) => equalInConstantTime(live.digest, digest))
    .includes(true);
}

/** A spa calls from where it is served: the origins of its redirect URIs. */
function originsOf(type: ClientType, redirectUris: readonly string[]): readonly string[] {
  return type === 'spa' ? [...new Set(redirectUris.map((uri) => new URL(uri).origin))] : [];
}

/** Whether this kind of client proves itself with a shared secret. */
function usesSecret(type: ClientType, metadata: JsonObject): boolean {
  return (type === 'web' || type === 'service') && metadata.token_endpoint_auth_method !== 'private_key_jwt';
}

function addressesOf({ allowed_addresses: addresses = [] }: ClientMetadata, type: ClientType): readonly string[] {
  if (addresses.length > 0 && type !== 'service')
    throw new InvalidValueError('allowed_addresses', 'Only a service comes from addresses of its own: with other clients people do.');
  return checkAddresses(addresses);
}

/** Readable in logs, unguessable enough not to collide, and never the shape of an account's id: `sub` of a client is no person's. */
function generateId(name: string): ClientId {
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 24);
  return clientId(`${readable || 'client'}-${randomBytes(6).toString('hex')}`);
}

function checkCombination(type: ClientType, metadata: ClientMetadata, redirectUris: readonly string[]): void {
  const { grant_types: grants, token_endpoint_auth_method: method, application_type: application } = metadata;
  const main = type === 'service' ? 'client_credentials' : 'authorization_code';
  if (application && (application === 'native') !== (type === 'native'))
    throw new InvalidValueError('application_type', `A ${type} client is not of application_type ${application}. Leave it out.`);
  if (type === 'service') {
    if (redirectUris.length > 0)
      throw new InvalidValueError('redirect_uris', 'A service has no browser to redirect. Leave redirect_uris out, or use another type.');
    if (grants?.some((grant) => grant !== 'client_credentials'))
      throw new InvalidValueError('grant_types', 'A service uses client_credentials only.');
  } else {
    if (redirectUris.length === 0)
      throw new InvalidValueError(
        'redirect_uris',
        `A ${type} client needs at least one redirect URI: the address that takes the answer of a sign-in.`,
      );
    if (grants?.includes('client_credentials'))
      throw new InvalidValueError('grant_types', 'Only a service may use client_credentials. Register one beside this client.');
  }
  if (grants && !grants.includes(main)) throw new InvalidValueError('grant_types', `A ${type} client can’t do without ${main}.`);
  if (metadata.refresh_without_offline_access && grants && !grants.includes('refresh_token'))
    throw new InvalidValueError(
      'refresh_without_offline_access',
      'Without refresh_token among its grant_types a client gets no refresh token.',
    );
  if (type === 'spa' || type === 'native') {
    if (method && method !== 'none')
      throw new InvalidValueError('token_endpoint_auth_method', `A ${type} client can’t keep a secret: its method is none.`);
    if (metadata.require_pkce === false) throw new InvalidValueError('require_pkce', `PKCE can’t be turned off for a ${type} client.`);
  } else if (method === 'none') throw new InvalidValueError('token_endpoint_auth_method', `A ${type} client has to authenticate.`);
  if (method === 'private_key_jwt' && !metadata.jwks && !metadata.jwks_uri)
    throw new InvalidValueError('jwks', 'private_key_jwt needs jwks or jwks_uri.');
  if (metadata.jwks && metadata.jwks_uri) throw new InvalidValueError('jwks_uri', 'Give jwks or jwks_uri, not both (RFC 7591, section 2).');
}

export function createClientService(deps: ClientServiceDeps): ClientService {
  const { clients, tokens, audit, clock, catalogue } = deps;
  const record = (type: AuditType, client: Client, origin: Origin, detail: JsonObject = {}) =>
    audit.record({ type, origin, tenantId: client.tenantId, clientId: client.id, detail });

  function scopesOf(metadata: ClientMetadata, type: ClientType): readonly string[] {
    const known = catalogue.map(({ name }) => name);
    // More than this somebody has to ask for: what an administrator may hand over is not an application's by default.
    if (metadata.scope === undefined) return type === 'service' ? [] : [...allowedScopes({ role: 'viewer' }, { scopes: known }, catalogue)];
    const asked = metadata.scope.split(/\s+/).filter((scope) => scope && !isOpenidScope(scope));
    const unknown = asked.find((scope) => !known.includes(scope));
    if (unknown) throw new InvalidValueError('scope', `There is no scope “${unknown}”. Known: ${known.join(', ')}.`);
    return [...new Set(asked)];
  }

  /** The fields of Client that metadata decides. */
  function settle(type: ClientType, metadata: ClientMetadata) {
    const redirectUris = (metadata.redirect_uris ?? []).map((uri) => checkRedirectUri(uri, type, 'redirect_uris'));
    const name = metadata.client_name?.trim();
    if (!name)
      throw new InvalidValueError('client_name', 'A client needs a name of 1 to 120 characters: people see it when they allow access.');
    checkCombination(type, metadata, redirectUris);
    const origins = metadata.allowed_origins ?? originsOf(type, redirectUris);
    return {
      name,
      redirectUris,
      postLogoutRedirectUris: (metadata.post_logout_redirect_uris ?? []).map((uri) =>
        checkRedirectUri(uri, type, 'post_logout_redirect_uris'),
      ),
      scopes: scopesOf(metadata, type),
      requirePkce: metadata.require_pkce ?? true,
      refreshWithoutOfflineAccess:
        metadata.refresh_without_offline_access ?? (type === 'native' && metadata.grant_types?.includes('refresh_token') !== false),
      allowedOrigins: [...new Set(origins.map(checkOrigin))],
      allowedAddresses: addressesOf(metadata, type),
      metadata: Object.fromEntries(
        KEPT_METADATA.filter((key) => metadata[key] !== undefined).map((key) => [key, metadata[key]]),
      ) as JsonObject,
    };
  }

  const newSecret = (secret: string, now: Date): ClientSecret => ({
    id: randomToken(6),
    digest: sha256(secret),
    createdAt: now,
    expiresAt: undefined,
  });

  return {
    async create(input, origin) {
      if (input.id !== undefined && isAccountClient(input.id)) throw new AlreadyExistsError('id');
      const settled = settle(input.type, input.metadata);
      const now = clock();
      const secret = usesSecret(input.type, settled.metadata) ? (input.secret ?? randomToken()) : undefined;
      const client: Client = {
        id: input.id ?? generateId(settled.name),
        tenantId: input.tenantId,
        type: input.type,
        verified: input.verified ?? false,
        disabled: false,
        ...settled,
        secrets: secret === undefined ? [] : [newSecret(secret, now)],
        createdAt: now,
        updatedAt: now,
      };
      await clients.create(client);
      await record('client.created', client, origin, { type: client.type, scopes: client.scopes });
      return { client, secret };
    },

    async resolve(id) {
      const client = await clients.find(clientId(id));
      if (!client) throw new NotFoundError(`There is no client “${id}”. \`gatehouse client list\` shows those there are.`);
      return client;
    },

    async update(client, { metadata, verified, disabled }, origin) {
      const changed = await clients.update(client.tenantId, client.id, (old) => ({
        ...old,
        ...(metadata && settle(old.type, { ...asUpdatable(old), ...metadata })),
        verified: verified ?? old.verified,
        disabled: disabled ?? old.disabled,
        updatedAt: clock(),
      }));
      if (!changed) throw new NotFoundError('This client was removed in the meantime.');
      // When it is switched on again too: switching off may have failed halfway.
      if (changed.disabled || client.disabled) await tokens.endClient(changed.id);
      await record('client.changed', changed, origin, {
        members: Object.keys(metadata ?? {}),
        disabled: changed.disabled,
        verified: changed.verified,
      });
      return changed;
    },

    async addSecret(client, overlapSeconds, origin) {
      if (!usesSecret(client.type, client.metadata))
        throw new InvalidValueError('client', `“${client.name}” has no secret: it is a ${client.type} client or proves itself with a key.`);
      const secret = randomToken();
      const now = clock();
      const until = new Date(now.getTime() + overlapSeconds * 1000);
      const changed = await clients.update(client.tenantId, client.id, (old) => {
        const newest = old.secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now).at(-1);
        const kept =
          newest && overlapSeconds > 0
            ? [{ ...newest, expiresAt: newest.expiresAt && newest.expiresAt < until ? newest.expiresAt : until }]
            : [];
        return { ...old, secrets: [...kept, newSecret(secret, now)], updatedAt: now };
      });
      if (!changed) throw new NotFoundError('This client was removed in the meantime.');
      await record('client.secret_added', changed, origin, { overlapSeconds });
      return { client: changed, secret };
    },

    async remove(client, origin) {
      if (!(await clients.remove(client.tenantId, client.id))) throw new NotFoundError('This client was removed already.');
      await tokens.endClient(client.id);
      await record('client.removed', client, origin);
    },
  };
}

/** A client as the metadata document it could have come from. */
export function asMetadata(client: Client): ClientMetadata {
  return {
    ...(client.metadata as ClientMetadata),
    client_name: client.name,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    scope: client.scopes.join(' '),
    require_pkce: client.requirePkce,
    refresh_without_offline_access: client.refreshWithoutOfflineAccess,
    allowed_origins: [...client.allowedOrigins],
    allowed_addresses: [...client.allowedAddresses],
  };
}

/** What an update starts with. Origins that follow from the redirect URIs go on following them. */
function asUpdatable(client: Client): ClientMetadata {
  const { allowed_origins, ...rest } = asMetadata(client);
  const derived = client.allowedOrigins.join() === originsOf(client.type, client.redirectUris).join();
  return derived ? rest : { ...rest, ...(allowed_origins && { allowed_origins }) };
}
