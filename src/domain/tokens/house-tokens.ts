import { randomUUID } from 'node:crypto';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { JsonObject } from '../../lib/json.ts';
import { type Account, type AccountId, accountId } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import { type ClientId, clientId } from '../clients/client.ts';
import { tenantId } from '../tenants/tenant.ts';
import type { Artifact, ArtifactStore } from './artifact-store.ts';
import type { HouseToken, HouseTokenKind, TokenDigest } from './house-token.ts';
import type { TokenSigner } from './token-signer.ts';
import { newTokenValue } from './token-values.ts';

/** What a new token is to be. */
export interface TokenDraft {
  readonly kind: HouseTokenKind;
  /** As they were when they proved themselves: when their credentials have changed since, no token comes of it. */
  readonly account: Account;
  readonly expiresAt: Date;
  readonly secondFactor: boolean;
  /** A new one unless told. */
  readonly family?: string;
  /** A new one unless told. */
  readonly id?: string;
  readonly name?: string;
  readonly client?: { readonly id: ClientId; readonly scopes: readonly string[] } | undefined;
  readonly keptLoggedIn?: boolean;
}

export interface IssuedToken {
  /** The token itself: nobody can read it again. */
  readonly value: string;
  readonly token: HouseToken;
}

/** Issues, finds and ends the tokens of the REST surfaces. */
export interface HouseTokens {
  /** Undefined when the account's credentials changed, or it was disabled, since `account` was read: then nothing was issued. */
  issue(draft: TokenDraft): Promise<IssuedToken | undefined>;
  /** Undefined when it is unknown, expired, used up or ended. */
  find(kind: HouseTokenKind, value: string): Promise<HouseToken | undefined>;
  /** By digest, for what refers to a token without holding it. */
  findDigest(kind: HouseTokenKind, digest: TokenDigest): Promise<HouseToken | undefined>;
  /** Oldest first. */
  list(account: AccountId, kind: HouseTokenKind): Promise<readonly HouseToken[]>;
  /**
   * Uses a token up; true for exactly one of any number of callers at once. What is used up is found no more, but `wasUsedUp` tells it
   * from what never was.
   */
  useUp(token: HouseToken): Promise<boolean>;
  /** The family of a token that was used up before and is presented again: somebody has a copy. */
  reusedFamily(kind: HouseTokenKind, value: string): Promise<Pick<HouseToken, 'family' | 'accountId' | 'tenantId'> | undefined>;
  end(token: Pick<HouseToken, 'kind' | 'digest'>): Promise<void>;
  endFamily(family: string): Promise<void>;
}

export interface HouseTokensDeps {
  readonly artifacts: ArtifactStore;
  readonly accounts: AccountStore;
  readonly signer: TokenSigner;
  readonly clock: Clock;
}

export function createHouseTokens({ artifacts, accounts, signer, clock }: HouseTokensDeps): HouseTokens {
  const findDigest = async (kind: HouseTokenKind, digest: TokenDigest) => {
    const artifact = await artifacts.find(kind, digest);
    return artifact && artifact.consumedAt === undefined ? toToken(kind, digest, artifact) : undefined;
  };

  const houseTokens: HouseTokens = {
    async issue(draft) {
      const token = describe(draft, clock());
      const value = await newTokenValue(token, draft.account, signer);
      const issued = { ...token, digest: digestOf(value) };
      await artifacts.put(issued.kind, issued.digest, toArtifact(issued), issued.expiresAt);
      // Read after the token is there: whoever changes the credentials later ends this token too.
      const now = await accounts.findSubject(draft.account.id);
      if (now && !now.disabled && now.credentialVersion === draft.account.credentialVersion) return { value, token: issued };
      await houseTokens.end(issued);
      return undefined;
    },
    find: (kind, value) => findDigest(kind, digestOf(value)),
    findDigest,
    async list(account, kind) {
      const entries = await artifacts.list(kind, 'accountId', account);
      return entries
        .filter(({ artifact }) => artifact.consumedAt === undefined)
        .map(({ id, artifact }) => toToken(kind, id as TokenDigest, artifact));
    },
    useUp: ({ kind, digest }) => artifacts.consume(kind, digest),
    async reusedFamily(kind, value) {
      const digest = digestOf(value);
      const artifact = await artifacts.find(kind, digest);
      return artifact?.consumedAt === undefined ? undefined : toToken(kind, digest, artifact);
    },
    end: ({ kind, digest }) => artifacts.remove(kind, digest),
    async endFamily(family) {
      await artifacts.removeBy('grantId', family);
    },
  };
  return houseTokens;
}

const digestOf = (value: string) => sha256(value) as TokenDigest;

function describe(draft: TokenDraft, now: Date): Omit<HouseToken, 'digest'> {
  return {
    kind: draft.kind,
    id: draft.id ?? randomUUID(),
    accountId: draft.account.id,
    tenantId: draft.account.tenantId,
    family: draft.family ?? randomUUID(),
    clientId: draft.client?.id,
    scopes: draft.client?.scopes,
    secondFactor: draft.secondFactor,
    name: draft.name,
    keptLoggedIn: draft.keptLoggedIn ?? false,
    // Whole seconds: a JWT says them so, and both have to agree.
    issuedAt: new Date(epochSeconds(now) * 1000),
    expiresAt: new Date(epochSeconds(draft.expiresAt) * 1000),
  };
}

function toArtifact(token: HouseToken): Artifact {
  const payload: JsonObject = {
    tenantId: token.tenantId,
    ...(token.scopes && { scope: token.scopes.join(' ') }),
    secondFactor: token.secondFactor,
    ...(token.name !== undefined && { name: token.name }),
    keptLoggedIn: token.keptLoggedIn,
    iat: epochSeconds(token.issuedAt),
    exp: epochSeconds(token.expiresAt),
  };
  return { payload, accountId: token.accountId, clientId: token.clientId, grantId: token.family, uid: token.id };
}

function toToken(kind: HouseTokenKind, digest: TokenDigest, { payload, ...names }: Artifact): HouseToken {
  const { tenantId: tenant, scope, secondFactor, name, keptLoggedIn, iat, exp } = payload;
  return {
    kind,
    digest,
    id: names.uid ?? '',
    accountId: accountId(names.accountId ?? ''),
    tenantId: tenantId(String(tenant)),
    family: names.grantId ?? '',
    clientId: names.clientId === undefined ? undefined : clientId(names.clientId),
    scopes: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : undefined,
    secondFactor: secondFactor === true,
    name: typeof name === 'string' ? name : undefined,
    keptLoggedIn: keptLoggedIn === true,
    issuedAt: new Date(Number(iat) * 1000),
    expiresAt: new Date(Number(exp) * 1000),
  };
}
