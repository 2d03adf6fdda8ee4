import type { AccountStore } from '../accounts/account-store.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { MfaService } from '../mfa/mfa-service.ts';
import { allowedScopes, type ScopeCatalogue } from '../policy/allowed-scopes.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';
import type { Bearer, OauthToken } from './bearer.ts';
import type { HouseToken } from './house-token.ts';

/** What a token that was found is good for at this moment. Undefined when the person, tenant or client behind it is gone or disabled. */
export interface Rights {
  ofHouse(token: HouseToken): Promise<Bearer | undefined>;
  ofOauth(token: OauthToken): Promise<Bearer | undefined>;
}

export interface RightsDeps {
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly tenants: TenantStore;
  readonly mfa: Pick<MfaService, 'owes'>;
  readonly catalogue: ScopeCatalogue;
}

/** @param granted undefined: all that the person may */
type Found = Omit<Bearer, 'tenant' | 'scopes' | 'owesSecondFactor'> & {
  readonly granted: readonly string[] | undefined;
  readonly secondFactor: boolean;
};

export function createRights({ accounts, clients, tenants, mfa, catalogue }: RightsDeps): Rights {
  const everything = catalogue.map(({ name }) => name);

  async function judge({ granted = everything, secondFactor, ...found }: Found): Promise<Bearer | undefined> {
    const { account, client } = found;
    const owner = account?.tenantId ?? client?.tenantId;
    const tenant = owner && (await tenants.find(owner));
    if (!tenant || tenant.disabled) return undefined;
    const held = { scopes: granted.filter((scope) => !client || client.scopes.includes(scope)) };
    return {
      ...found,
      tenant,
      scopes: allowedScopes(account, held, catalogue),
      owesSecondFactor: !secondFactor && account !== undefined && mfa.owes(account),
    };
  }

  return {
    async ofHouse(token) {
      const { kind, tenantId, accountId, clientId, scopes, expiresAt } = token;
      const account = await accounts.find(tenantId, accountId);
      const client = clientId && (await clients.find(clientId));
      if (!account || account.disabled || (clientId && (!client || client.disabled))) return undefined;
      return await judge({
        kind,
        account,
        client: client || undefined,
        granted: scopes,
        secondFactor: token.secondFactor,
        token,
        expiresAt,
      });
    },
    ofOauth: ({ scopes: granted, ...found }) => judge({ ...found, kind: 'AccessToken', granted, token: undefined }),
  };
}
