import type { Clock } from '../../lib/clock.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { ClientStore } from '../clients/client-store.ts';
import { isAllowedAddress } from '../limits/address.ts';
import type { MfaService } from '../mfa/mfa-service.ts';
import { allowedScopes, type ScopeCatalogue } from '../policy/allowed-scopes.ts';
import type { TenantId } from '../tenants/tenant.ts';
import type { TenantStore } from '../tenants/tenant-store.ts';
import type { Bearer, FindOauthToken, Refused } from './bearer.ts';
import type { HouseToken, HouseTokenKind } from './house-token.ts';
import type { HouseTokens } from './house-tokens.ts';
import type { TokenSigner } from './token-signer.ts';
import type { TokenUses } from './token-uses.ts';
import { guessKind } from './token-values.ts';

/** The one check of a presented token, for every protected API of the house. */
export interface Bearers {
  /** A refresh token is no bearer here. */
  identify(value: string, origin: Origin): Promise<Bearer | Refused>;
  /** The bearer of a token that was found already. Undefined when the person, tenant or client behind it is gone or disabled. */
  ofToken(token: HouseToken, origin: Origin): Promise<Bearer | Refused>;
}

export interface BearersDeps {
  readonly houseTokens: HouseTokens;
  readonly findOauthToken: FindOauthToken;
  readonly uses: TokenUses;
  readonly signer: TokenSigner;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly tenants: TenantStore;
  readonly mfa: Pick<MfaService, 'owes'>;
  readonly catalogue: ScopeCatalogue;
  readonly clock: Clock;
}

type Found = Omit<Bearer, 'tenant' | 'scopes' | 'owesSecondFactor'> & {
  readonly tenantId: TenantId;
  /** Undefined: all that the person may. */
  readonly granted: readonly string[] | undefined;
};

export function createBearers(deps: BearersDeps): Bearers {
  const { houseTokens, signer, accounts, clients, tenants, mfa, catalogue, uses } = deps;
  const everything = catalogue.map(({ name }) => name);

  async function findHouse(token: HouseToken): Promise<Found | undefined> {
    const account = await accounts.find(token.tenantId, token.accountId);
    const client = token.clientId && (await clients.find(token.clientId));
    if (!account || account.disabled || (token.clientId && (!client || client.disabled))) return undefined;
    const { kind, tenantId, expiresAt } = token;
    return { kind, account, client: client || undefined, tenantId, granted: token.scopes, token, expiresAt };
  }

  async function findOauth(value: string): Promise<Found | undefined> {
    const found = await deps.findOauthToken(value);
    if (!found) return undefined;
    const { account, client, scopes, expiresAt } = found;
    return {
      kind: 'AccessToken',
      account,
      client,
      tenantId: account?.tenantId ?? client.tenantId,
      granted: scopes,
      token: undefined,
      expiresAt,
    };
  }

  async function find(kind: HouseTokenKind | 'AccessToken', value: string): Promise<Found | undefined> {
    if (kind === 'AccessToken') return await findOauth(value);
    const token = await houseTokens.find(kind, value);
    return token && (await findHouse(token));
  }

  /** What it may do now. */
  async function judge({ granted, tenantId, ...found }: Found, origin: Origin): Promise<Bearer | Refused> {
    const tenant = await tenants.find(tenantId);
    if (!tenant || tenant.disabled) return 'invalid';
    const fromClient = found.account ? [] : (found.client?.allowedAddresses ?? []);
    if (!isAllowedAddress(origin.ip, tenant.allowedAddresses) || !isAllowedAddress(origin.ip, fromClient)) return 'address';
    const held = { scopes: (granted ?? everything).filter((scope) => !found.client || found.client.scopes.includes(scope)) };
    if (found.token?.kind === 'PrivateToken') await uses.note(found.token);
    return {
      ...found,
      tenant,
      scopes: allowedScopes(found.account, held, catalogue),
      owesSecondFactor: found.token !== undefined && !found.token.secondFactor && found.account !== undefined && mfa.owes(found.account),
    };
  }

  return {
    async identify(value, origin) {
      const kind = guessKind(value);
      if (kind === undefined || kind === 'CloudRefreshToken') return 'invalid';
      const found = await find(kind, value);
      if (found) return await judge(found, origin);
      return kind !== 'SessionToken' && (await signer.isExpired(value)) ? 'expired' : 'invalid';
    },
    async ofToken(token, origin) {
      const found = await findHouse(token);
      return found ? await judge(found, origin) : 'invalid';
    },
  };
}
