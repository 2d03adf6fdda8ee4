import { type Client as EngineClient, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';
import { accountId } from '../domain/accounts/account.ts';
import type { AccountStore } from '../domain/accounts/account-store.ts';
import { isAllowedAddress } from '../domain/limits/address.ts';
import { allowedScopes, type ScopeCatalogue } from '../domain/policy/allowed-scopes.ts';
import { OPENID_SCOPES } from '../domain/policy/openid-scopes.ts';
import { tenantId } from '../domain/tenants/tenant.ts';
import type { TenantStore } from '../domain/tenants/tenant-store.ts';
import { personOf } from './claims.ts';
import type { ClientExtras } from './client-view.ts';

export interface ResourceDeps {
  readonly accounts: AccountStore;
  readonly tenants: TenantStore;
  readonly catalogue: ScopeCatalogue;
  /** Identifier of the default API, the `aud` of its tokens. */
  readonly api: string;
  /** Seconds. */
  readonly accessTokenLifetime: number;
}

export function extrasOf(client: EngineClient): ClientExtras {
  return client as unknown as ClientExtras;
}

/** The scopes of the API that may come out of this request: the ceiling the engine applies at authorization, code exchange and refresh. */
async function ceiling(ctx: KoaContextWithOIDC, client: EngineClient, deps: ResourceDeps): Promise<ReadonlySet<string>> {
  const signedIn = ctx.oidc.session?.accountId;
  const person = personOf(ctx.oidc.account) ?? (signedIn ? await deps.accounts.findSubject(accountId(signedIn)) : undefined);
  return allowedScopes(person, { scopes: extrasOf(client).api_scopes }, deps.catalogue);
}

/** RFC 8707. There is one API so far; a client that names none gets tokens for it. */
export function resourceIndicators(deps: ResourceDeps) {
  return {
    enabled: true,
    defaultResource: () => deps.api,
    useGrantedResource: () => true,
    async getResourceServerInfo(ctx: KoaContextWithOIDC, resource: string, client: EngineClient): Promise<ResourceServer> {
      if (resource !== deps.api) throw new errors.InvalidTarget(`this server issues tokens for ${deps.api}`);
      const allowed = await ceiling(ctx, client, deps);
      const params = ctx.oidc.params;
      if (params?.grant_type === 'client_credentials') {
        const { allowed_addresses: own, tenant_id: tenant } = extrasOf(client);
        const { allowedAddresses } = (await deps.tenants.find(tenantId(tenant))) ?? {};
        if (!allowedAddresses || !isAllowedAddress(ctx.ip, own) || !isAllowedAddress(ctx.ip, allowedAddresses))
          throw new errors.UnauthorizedClient('this client may not be used from this address');
        // RFC 6749 3.3: a service that names no scope gets those it was granted; one that asks for more is told so.
        params.scope ??= [...allowed].join(' ');
        refuseBeyond(allowed, String(params.scope));
      }
      return {
        scope: [...allowed].join(' '),
        audience: deps.api,
        accessTokenFormat: 'jwt',
        accessTokenTTL: deps.accessTokenLifetime,
        jwt: { sign: { alg: 'ES256' } },
      };
    },
  };
}

function refuseBeyond(allowed: ReadonlySet<string>, asked: string): void {
  const beyond = asked.split(' ').filter((scope) => scope && !allowed.has(scope));
  if (beyond.length > 0) throw new errors.InvalidScope('requested scope is not granted to this client or account', beyond.join(' '));
}

/** Runs before the refresh token is used up: a request for another API, or for more than the person may hand over now, costs the client nothing. */
export async function refuseRefreshBeyond(ctx: KoaContextWithOIDC, deps: ResourceDeps): Promise<void> {
  const { client, params } = ctx.oidc;
  if (!client || !params) return;
  const resources = [params.resource ?? deps.api].flat();
  if (resources.some((resource) => resource !== deps.api)) throw new errors.InvalidTarget(`this server issues tokens for ${deps.api}`);
  if (typeof params.scope !== 'string') return;
  const allowed = await ceiling(ctx, client, deps);
  refuseBeyond(new Set([...allowed, ...OPENID_SCOPES]), params.scope);
}
