import Provider, { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Audit } from '../domain/audit/audit.ts';
import type { Origin } from '../domain/audit/audit-log.ts';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import { isAllowedAddress } from '../domain/limits/address.ts';
import { isOpenidScope } from '../domain/policy/openid-scopes.ts';
import type { CodeRedemption } from '../domain/tokens/code-redemption.ts';
import { sha256 } from '../lib/digest.ts';
import { findPerson } from './claims.ts';
import type { ResourceDeps } from './resources.ts';

/** Parts of the engine's model of codes that its types leave out; pinned with oidc-provider (~9.13). */
interface CodeModelClass {
  prototype: { stateDigest?: string | undefined; getValueAndPayload(): Promise<unknown> };
  IN_PAYLOAD: readonly string[];
}

/** A code with the digest of the `state` it was issued to. */
type BoundCode = InstanceType<Provider['AuthorizationCode']> & { readonly stateDigest?: string | undefined };

/** Notes in each code which `state` it answers: redeemed elsewhere than at the token endpoint, it is good for that sign-in alone. */
export function bindCodesToStates(provider: Provider): void {
  const model = provider.AuthorizationCode as unknown as CodeModelClass;
  const original = model.prototype.getValueAndPayload;
  const inPayload = [...model.IN_PAYLOAD, 'stateDigest'];
  Object.defineProperty(model, 'IN_PAYLOAD', { get: () => inPayload });
  model.prototype.getValueAndPayload = function bound(this: CodeModelClass['prototype']) {
    const state = (Provider.ctx as KoaContextWithOIDC | undefined)?.oidc.params?.state;
    if (typeof state === 'string') this.stateDigest ??= sha256(state);
    return original.call(this);
  };
}

interface RedemptionDeps extends Pick<ResourceDeps, 'accounts' | 'tenants' | 'api'> {
  readonly provider: Provider;
  readonly clients: ClientStore;
  readonly audit: Audit;
}

export function createCodeRedemption({ provider, accounts, clients, tenants, audit, api }: RedemptionDeps): CodeRedemption {
  /** Everything about the code that has to hold before it is used up. */
  async function examine(code: BoundCode | undefined, proof: { state: string; redirectUri: string }, { ip }: Origin) {
    const fits = code?.stateDigest === sha256(proof.state) && code.redirectUri === proof.redirectUri && code.codeChallenge === undefined;
    if (!code || !fits) return undefined;
    const client = await clients.find(clientId(code.clientId ?? ''));
    const account = (await findPerson(accounts, code.accountId ?? ''))?.person;
    const grant = code.grantId === undefined ? undefined : await provider.Grant.find(code.grantId);
    if (!client || client.disabled || client.tenantId !== account?.tenantId) return undefined;
    // Nobody proves to be the client here, so a client has to be meant for it.
    if (client.metadata.code_login !== true) return undefined;
    const tenant = await tenants.find(client.tenantId);
    if (!tenant || tenant.disabled || !isAllowedAddress(ip, tenant.allowedAddresses)) return undefined;
    if (!grant || grant.clientId !== client.id || grant.accountId !== account.id) return undefined;
    const scopes = grant.getResourceScopeFiltered(api, new Set((code.scope ?? '').split(' '))).split(' ');
    return { client, account, grantId: grant.jti, scopes: scopes.filter((scope) => scope && !isOpenidScope(scope)) };
  }

  return {
    async redeem(value, proof, origin) {
      const code = (await provider.AuthorizationCode.find(value)) as BoundCode | undefined;
      const found = await examine(code, proof, origin);
      if (!code || !found) return undefined;
      try {
        // The adapter elects one winner, and ends the grant when there are two.
        await code.consume();
      } catch (error) {
        if (!(error instanceof errors.InvalidGrant)) throw error;
        const { account, client } = found;
        const who = { tenantId: account.tenantId, accountId: account.id, clientId: client.id };
        await audit.record({ type: 'token.reused', origin, ...who, detail: { kind: 'AuthorizationCode' } });
        return undefined;
      }
      const offline = found.client.refreshWithoutOfflineAccess || code.scopes.has('offline_access');
      return { ...found, secondFactor: code.amr?.includes('mfa') ?? false, offline };
    },
    async stands(grantId) {
      return (await provider.Grant.find(grantId)) !== undefined;
    },
  };
}
