import type { Origin } from '../audit/audit-log.ts';
import { isAllowedAddress } from '../limits/address.ts';
import type { Bearer, FindOauthToken, Refused } from './bearer.ts';
import type { HouseToken, HouseTokenKind } from './house-token.ts';
import type { HouseTokens } from './house-tokens.ts';
import { createRights, type RightsDeps } from './rights.ts';
import type { TokenSigner } from './token-signer.ts';
import type { TokenUses } from './token-uses.ts';
import { guessKind } from './token-values.ts';

/** The one check of a presented token, for every protected API of the house. */
export interface Bearers {
  /** A refresh token is no bearer here. */
  identify(value: string, origin: Origin): Promise<Bearer | Refused>;
  /** The bearer of a token that was found already. */
  ofToken(token: HouseToken, origin: Origin): Promise<Bearer | Refused>;
}

export interface BearersDeps extends RightsDeps {
  readonly houseTokens: HouseTokens;
  readonly findOauthToken: FindOauthToken;
  readonly uses: TokenUses;
  readonly signer: TokenSigner;
}

export function createBearers(deps: BearersDeps): Bearers {
  const { houseTokens, signer, uses } = deps;
  const rights = createRights(deps);

  async function find(kind: HouseTokenKind | 'AccessToken', value: string): Promise<Bearer | undefined> {
    if (kind === 'AccessToken') {
      const found = await deps.findOauthToken(value);
      return found && (await rights.ofOauth(found));
    }
    const token = await houseTokens.find(kind, value);
    return token && (await rights.ofHouse(token));
  }

  async function letIn(bearer: Bearer, { ip }: Origin): Promise<Bearer | Refused> {
    const { account, client, tenant, token } = bearer;
    const fromClient = account ? [] : (client?.allowedAddresses ?? []);
    if (!isAllowedAddress(ip, tenant.allowedAddresses) || !isAllowedAddress(ip, fromClient)) return 'address';
    if (token?.kind === 'PrivateToken') await uses.note(token);
    return bearer;
  }

  return {
    async identify(value, origin) {
      const kind = guessKind(value);
      if (kind === undefined || kind === 'CloudRefreshToken') return 'invalid';
      const bearer = await find(kind, value);
      if (bearer) return await letIn(bearer, origin);
      return kind !== 'SessionToken' && (await signer.isExpired(value)) ? 'expired' : 'invalid';
    },
    async ofToken(token, origin) {
      const bearer = await rights.ofHouse(token);
      return bearer ? await letIn(bearer, origin) : 'invalid';
    },
  };
}
