import type { JsonObject } from '../../lib/json.ts';

/** The fields by which artifacts can be looked up or removed together. */
export interface ArtifactIndexes {
  readonly grantId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly uid?: string | undefined;
  readonly userCode?: string | undefined;
}

/** What ends everything that carries it. */
export type OwnerIndex = 'grantId' | 'accountId' | 'clientId';

/** Names one artifact of a kind beside its id. */
export type NameIndex = 'uid' | 'userCode';

/** Protocol state of the engine: sessions, grants, codes, tokens. Its key is sha-256 of the bearer value, never the value itself. */
export interface Artifact extends ArtifactIndexes {
  readonly payload: JsonObject;
  /** Seconds since the epoch, set by consume. */
  readonly consumedAt?: number | undefined;
  /**
   * Entries that add up: a put adds or replaces those it names under (kind, group) and never drops another's;
   * find returns the union. So two tabs that sign in to two clients at once do not erase each other.
   */
  readonly members?: { readonly group: string; readonly entries: JsonObject } | undefined;
}

/** `expiresAt` undefined: lives until it is removed. An expired artifact is never returned or consumed, swept or not. */
export interface ArtifactStore {
  /** Inserts or replaces; a consumed mark stays. */
  put(kind: string, id: string, artifact: Artifact, expiresAt: Date | undefined): Promise<void>;
  /** Inserts; false when the id is there and not expired. Exactly one of many concurrent callers gets true. */
  putOnce(kind: string, id: string, artifact: Artifact, expiresAt: Date): Promise<boolean>;
  find(kind: string, id: string): Promise<Artifact | undefined>;
  /** The artifact and the id it is stored under. */
  findBy(kind: string, index: NameIndex, value: string): Promise<{ readonly id: string; readonly artifact: Artifact } | undefined>;
  list(kind: string, index: OwnerIndex, value: string): Promise<readonly { readonly id: string; readonly artifact: Artifact }[]>;
  /** Under any concurrency exactly one caller gets true. The artifact stays readable, for reuse detection. */
  consume(kind: string, id: string): Promise<boolean>;
  remove(kind: string, id: string): Promise<void>;
  /** Removes every artifact that carries this value, of the named kinds or of all. Returns how many. */
  removeBy(index: OwnerIndex, value: string, kinds?: readonly string[]): Promise<number>;
}
