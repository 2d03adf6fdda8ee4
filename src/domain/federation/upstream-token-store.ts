import type { FederatedIdentity, IdentityId } from './identity.ts';

/** Tokens of a provider, as they are stored; kept-tokens.ts says what is in them. */
export interface SealedTokens {
  /** Under the id of the identity. */
  readonly sealed: string;
  /** When somebody has to look at them again. */
  readonly dueAt: Date;
}

export interface TokensOfIdentity {
  readonly identity: FederatedIdentity;
  readonly tokens: SealedTokens;
}

/** What providers gave us for the people who came from them. It ends with the identity. */
export interface UpstreamTokenStore {
  /** They take the place of those that are there; nothing happens when the identity is gone. */
  keep(id: IdentityId, tokens: SealedTokens): Promise<void>;
  /** Those whose time has come, the longest overdue first. */
  due(now: Date, limit: number): Promise<readonly TokensOfIdentity[]>;
  /**
   * Compare-and-swap: of all who hold the same `old` one gets true. @param next undefined: they are forgotten
   */
  swap(id: IdentityId, old: SealedTokens, next: SealedTokens | undefined): Promise<boolean>;
}
