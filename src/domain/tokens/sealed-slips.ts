import type { Clock } from '../../lib/clock.ts';
import { sha256 } from '../../lib/digest.ts';
import type { Keyring } from '../../lib/keyring.ts';
import { randomToken } from '../../lib/random.ts';
import type { AccountId } from '../accounts/account.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** What waits here for whoever brings a value that only they hold: sealed, for a while, stored under the digest of the value. */
export interface SealedSlips<Content> {
  /** @param value a new one unless told. Resolves to it. */
  make(content: Content, options?: { readonly value?: string; readonly accountId?: AccountId }): Promise<string>;
  /** Without using it up. Undefined when it is unknown, used or expired. */
  find(value: string): Promise<Content | undefined>;
  /** Under any concurrency exactly one caller gets it; undefined when it is unknown, used or expired. */
  take(value: string): Promise<Content | undefined>;
}

export interface SealedSlipsDeps {
  readonly artifacts: ArtifactStore;
  readonly keyring: Keyring;
  readonly clock: Clock;
}

/** @param kind of artifact, its content JSON all through */
export function createSealedSlips<Content>(
  { kind, lifetimeMs }: { readonly kind: string; readonly lifetimeMs: number },
  { artifacts, keyring, clock }: SealedSlipsDeps,
): SealedSlips<Content> {
  const recordOf = (key: string) => `${kind} ${key}`;

  async function find(value: string): Promise<Content | undefined> {
    const key = sha256(value);
    const artifact = await artifacts.find(kind, key);
    if (!artifact || artifact.consumedAt !== undefined) return undefined;
    return JSON.parse(keyring.open(String(artifact.payload.sealed), recordOf(key))) as Content;
  }

  return {
    async make(content, { value = randomToken(), accountId } = {}) {
      const key = sha256(value);
      const payload = { sealed: keyring.seal(JSON.stringify(content), recordOf(key)) };
      await artifacts.put(kind, key, { payload, accountId }, new Date(clock().getTime() + lifetimeMs));
      return value;
    },
    find,
    async take(value) {
      const content = await find(value);
      return content && (await artifacts.consume(kind, sha256(value))) ? content : undefined;
    },
  };
}
