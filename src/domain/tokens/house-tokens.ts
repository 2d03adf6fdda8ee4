import { randomUUID } from 'node:crypto';
import { type Clock, epochSeconds } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Account, AccountId } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { ClientId } from '../clients/client.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { HOUSE_TOKEN_KINDS, type HouseToken, type HouseTokenKind, type TokenDigest } from './house-token.ts';
import { toArtifact, toToken } from './house-token-record.ts';
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
  /** The token it comes of, which may be used up, but not ended: when its end came in between, nothing comes of it. */
  readonly source?: HouseToken | undefined;
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
  /** Undefined when the account's credentials changed, or it was disabled, since `account` was read, or the source has ended: then nothing was issued. */
  issue(draft: TokenDraft): Promise<IssuedToken | undefined>;
  /** Undefined when it is unknown, expired, used up or ended. */
  find(kind: HouseTokenKind, value: string): Promise<HouseToken | undefined>;
  /** By digest, for what refers to a token without holding it. */
  findDigest(kind: HouseTokenKind, digest: TokenDigest): Promise<HouseToken | undefined>;
  /** Oldest first. */
  list(account: AccountId, kind: HouseTokenKind): Promise<readonly HouseToken[]>;
  /**
   * Uses a token up; true for exactly one of any number of callers at once. What is used up is found no more, but `reusedFamily` tells it
   * from what never was.
   */
  useUp(token: HouseToken): Promise<boolean>;
  /** The family of a token that was used up before and is presented again: somebody has a copy. */
  reusedFamily(kind: HouseTokenKind, value: string): Promise<Pick<HouseToken, 'family' | 'accountId' | 'tenantId'> | undefined>;
  end(token: Pick<HouseToken, 'kind' | 'digest'>): Promise<void>;
  /** All that came of this person's signing in; private tokens go on, as programs depend on them. */
  endSignIns(account: AccountId): Promise<void>;
  /** With what is being made of one of them at the same time, when that has it as its source. */
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

  async function isStillGood({ account, source }: TokenDraft): Promise<boolean> {
    const now = await accounts.findSubject(account.id);
    if (!now || now.disabled || now.credentialVersion !== account.credentialVersion) return false;
    return source === undefined || (await artifacts.find(source.kind, source.digest)) !== undefined;
  }

  const houseTokens: HouseTokens = {
    async issue(draft) {
      const token = describe(draft, clock());
      const value = await newTokenValue(token, draft.account, signer);
      const issued = { ...token, digest: digestOf(value) };
      await artifacts.put(issued.kind, issued.digest, toArtifact(issued), issued.expiresAt);
      // Looked at after the token is there: whoever changes the credentials, or ends the family, later ends this token too.
      if (await isStillGood(draft)) return { value, token: issued };
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
    async endSignIns(account) {
      await artifacts.removeBy('accountId', account, SIGN_IN_KINDS);
    },
    async endFamily(family) {
      // A store that goes through many may pass where one is stored in this moment, after its source was used up and before that is removed.
      // The family of what a client got is a grant of the engine, whose own artifacts, a sign-in under way among them, go on.
      while ((await artifacts.removeBy('grantId', family, HOUSE_TOKEN_KINDS)) > 0);
    },
  };
  return houseTokens;
}

const SIGN_IN_KINDS = HOUSE_TOKEN_KINDS.filter((kind) => kind !== 'PrivateToken');

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
