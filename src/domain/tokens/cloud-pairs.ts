import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { Origin } from '../audit/audit-log.ts';
import type { MfaService } from '../mfa/mfa-service.ts';
import type { Refused } from './bearer.ts';
import type { Bearers } from './bearers.ts';
import type { CodeRedemption, RedeemedCode } from './code-redemption.ts';
import { type HouseToken, TOKEN_SECONDS } from './house-token.ts';
import type { HouseTokens, TokenDraft } from './house-tokens.ts';

/** An access token, and the refresh token that gives the next pair. */
export interface CloudPair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/**
 * The pairs of the cloud API. A pair and all that comes of refreshing it are one family: it ends as a whole, 12 hours after the sign-in, or 30 days
 * for whoever wants to stay signed in, however often it was refreshed.
 */
export interface CloudPairs {
  /** Undefined when the person's credentials changed since `account` was read, or the token it comes of has ended. */
  start(person: PairOwner, origin: Origin): Promise<CloudPair | undefined>;
  /** The pair of a third party: it ends with its grant, too. Undefined as for start. */
  startFor(code: RedeemedCode, origin: Origin): Promise<CloudPair | undefined>;
  /**
   * Each refresh token gives one pair, under any concurrency. One that was used before and comes again is somebody's copy: the whole family ends
   * (RFC 9700 4.14.2). @param detail goes into the audit entry
   */
  refresh(refreshToken: string, origin: Origin, detail?: JsonObject): Promise<CloudPair | Refused>;
}

export interface PairOwner {
  readonly account: Account;
  readonly secondFactor: boolean;
  readonly keepLoggedIn: boolean;
  readonly source?: HouseToken | undefined;
}

export interface CloudPairsDeps {
  readonly houseTokens: HouseTokens;
  readonly bearers: Pick<Bearers, 'ofToken'>;
  readonly codes: CodeRedemption;
  readonly mfa: Pick<MfaService, 'required'>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly accessTokenSeconds: number;
}

type PairDraft = Omit<TokenDraft, 'kind' | 'expiresAt'> & { readonly family: string; readonly keptLoggedIn: boolean };

const KIND = 'CloudRefreshToken';

export function createCloudPairs(deps: CloudPairsDeps): CloudPairs {
  const { houseTokens, bearers, codes, mfa, audit, clock, accessTokenSeconds } = deps;
  const inSeconds = (seconds: number) => new Date(clock().getTime() + seconds * 1000);

  function record(type: 'token.issued' | 'token.rotated' | 'token.reused', owner: Owner, origin: Origin, detail: JsonObject = {}) {
    return audit.record({ type, origin, ...owner, detail: { kind: KIND, ...detail } });
  }

  async function issue(draft: PairDraft, end: Date): Promise<CloudPair | undefined> {
    const refresh = await houseTokens.issue({ ...draft, kind: KIND, expiresAt: end });
    if (!refresh) return undefined;
    const soon = inSeconds(accessTokenSeconds);
    const access = await houseTokens.issue({ ...draft, kind: 'CloudAccessToken', expiresAt: soon < end ? soon : end });
    if (access) return { accessToken: access.value, refreshToken: refresh.value };
    await houseTokens.end(refresh.token);
    return undefined;
  }

  const termOf = (keptLoggedIn: boolean) => inSeconds(TOKEN_SECONDS[keptLoggedIn ? 'keptCloudRefreshToken' : 'CloudRefreshToken']);

  async function endReused(refreshToken: string, origin: Origin): Promise<void> {
    const reused = await houseTokens.reusedFamily(KIND, refreshToken);
    if (!reused) return;
    await houseTokens.endFamily(reused.family);
    await record('token.reused', { tenantId: reused.tenantId, accountId: reused.accountId }, origin);
  }

  const hasGrant = async ({ clientId, family }: HouseToken) => clientId === undefined || (await codes.stands(family));

  return {
    async start({ account, secondFactor, keepLoggedIn: keptLoggedIn, source }, origin) {
      const pair = await issue({ account, secondFactor, keptLoggedIn, family: randomUUID(), source }, termOf(keptLoggedIn));
      if (pair) await record('token.issued', { tenantId: account.tenantId, accountId: account.id }, origin);
      return pair;
    },

    async startFor({ account, client, grantId: family, scopes, secondFactor, offline: keptLoggedIn }, origin) {
      const draft = { account, secondFactor, keptLoggedIn, family, client: { id: client.id, scopes } };
      const pair = await issue(draft, termOf(keptLoggedIn));
      // Ended in this moment, by a copy of the code: see refresh.
      if (!(await codes.stands(family))) await houseTokens.endFamily(family);
      const owner = { tenantId: account.tenantId, accountId: account.id, clientId: client.id };
      if (pair) await record('token.issued', owner, origin, { scope: scopes.join(' ') });
      return pair;
    },

    async refresh(refreshToken, origin, detail) {
      const token = await houseTokens.find(KIND, refreshToken);
      if (!token) {
        await endReused(refreshToken, origin);
        return 'invalid';
      }
      const { secondFactor, keptLoggedIn, family, tenantId, accountId, clientId, scopes = [] } = token;
      const bearer = await bearers.ofToken(token, origin);
      if (typeof bearer === 'string') return bearer;
      const { account } = bearer;
      if (!account || !(await hasGrant(token))) return 'invalid';
      // A sign-in from before the authenticator app was set up does not go on for weeks beside it.
      if (!clientId && !secondFactor && (await mfa.required(account)) === 'code') return 'invalid';
      if (!(await houseTokens.useUp(token))) {
        await endReused(refreshToken, origin);
        return 'invalid';
      }
      const client = clientId && { id: clientId, scopes };
      const pair = await issue({ account, secondFactor, keptLoggedIn, family, ...(client && { client }) }, token.expiresAt);
      if (!pair) return 'invalid';
      // Ended in this moment, by a copy or by signing out: the pair goes the same way, as if that had come after the answer.
      const standing = (await houseTokens.reusedFamily(KIND, refreshToken)) !== undefined && (await hasGrant(token));
      if (!standing) await houseTokens.endFamily(family);
      await record('token.rotated', { tenantId, accountId, ...(clientId && { clientId }) }, origin, detail);
      return pair;
    },
  };
}

interface Owner {
  readonly tenantId: string;
  readonly accountId: string;
  readonly clientId?: string;
}
