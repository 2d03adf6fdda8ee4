import type Provider from 'oidc-provider';
import { clientId } from '../domain/clients/client.ts';
import type { ClientStore } from '../domain/clients/client-store.ts';
import type { FindOauthToken } from '../domain/tokens/bearer.ts';
import { isRecordOf, type ReadAccessToken } from './access-tokens.ts';
import { findPerson } from './claims.ts';
import type { ResourceDeps } from './resources.ts';

interface FindOauthTokenDeps extends Pick<ResourceDeps, 'accounts' | 'api'> {
  readonly provider: Provider;
  readonly readAccessToken: ReadAccessToken;
  readonly clients: ClientStore;
}

/** How APIs of the house check the engine's access tokens: by the record that was stored beside each, with its session, grant, person and client. */
export function createFindOauthToken({ provider, readAccessToken, accounts, clients, api }: FindOauthTokenDeps): FindOauthToken {
  return async (value) => {
    const shown = readAccessToken(value);
    if (!shown) return undefined;
    const token = (await provider.AccessToken.find(shown.jti)) ?? (await provider.ClientCredentials.find(shown.jti));
    if (!token || !isRecordOf(shown, token) || token.aud !== api) return undefined;
    const client = await clients.find(clientId(token.clientId ?? ''));
    if (!client || client.disabled) return undefined;
    const found = {
      client,
      scopes: [...token.scopes],
      secondFactor: token.extra?.acr === 'aal2',
      expiresAt: new Date((token.exp ?? 0) * 1000),
    };
    if (token.kind === 'ClientCredentials') return { ...found, account: undefined };
    const account = (await findPerson(accounts, token.accountId))?.person;
    const grant = token.grantId === undefined ? undefined : await provider.Grant.find(token.grantId);
    const granted = grant && grant.accountId === token.accountId && grant.clientId === token.clientId;
    return account && granted && account.tenantId === client.tenantId ? { ...found, account } : undefined;
  };
}
