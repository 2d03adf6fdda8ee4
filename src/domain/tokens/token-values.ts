import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { epochSeconds } from '../../lib/clock.ts';
import { randomToken } from '../../lib/random.ts';
import type { Account } from '../accounts/account.ts';
import type { HouseToken, HouseTokenKind } from './house-token.ts';
import type { TokenSigner } from './token-signer.ts';

/** `use` in the JWTs of the house. A login token has exactly the six claims its surface documents, so it has none. */
const USES = { short: 'ShortToken', private: 'PrivateToken', cloud: 'CloudAccessToken' } as const satisfies Record<string, HouseTokenKind>;

const REFRESH_PREFIX = 'crt_';

/** The bytes of a new token: a session token is 256 random bits in hex, a refresh token opaque, every other a JWT. */
export async function newTokenValue(token: Omit<HouseToken, 'digest'>, account: Account, signer: TokenSigner): Promise<string> {
  if (token.kind === 'SessionToken') return randomBytes(32).toString('hex');
  if (token.kind === 'CloudRefreshToken') return `${REFRESH_PREFIX}${randomToken()}`;
  return await signer.sign(claimsOf(token, account));
}

function claimsOf(token: Omit<HouseToken, 'digest'>, account: Account): JWTPayload {
  const common = {
    sub: account.id,
    tenant_id: account.tenantId,
    iat: epochSeconds(token.issuedAt),
    exp: epochSeconds(token.expiresAt),
  };
  if (token.kind === 'LoginToken') return { ...common, email: account.email, role: account.role };
  const use = Object.entries(USES).find(([, kind]) => kind === token.kind)?.[0];
  return { ...common, use, jti: randomToken(16) };
}

/**
 * What a bearer value would be if it is one of ours: each kind looks different, so one look into the store decides. Nothing is verified here.
 * `AccessToken` is any JWT access token of the OAuth engine (RFC 9068).
 */
export function guessKind(value: string): HouseTokenKind | 'AccessToken' | undefined {
  if (/^[0-9a-f]{64}$/.test(value)) return 'SessionToken';
  if (value.startsWith(REFRESH_PREFIX)) return 'CloudRefreshToken';
  try {
    const { typ } = decodeProtectedHeader(value);
    if (typ === 'at+jwt') return 'AccessToken';
    if (typ !== 'JWT') return undefined;
    const { use } = decodeJwt(value);
    if (use === undefined) return 'LoginToken';
    return typeof use === 'string' && Object.hasOwn(USES, use) ? USES[use as keyof typeof USES] : undefined;
  } catch {
    return undefined;
  }
}
