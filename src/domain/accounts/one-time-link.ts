import type { Brand } from '../../lib/brand.ts';
import type { AccountId } from './account.ts';

/** sha-256 of the secret in the link; the secret itself is never stored. */
export type LinkDigest = Brand<'LinkDigest'>;

/** A link that lets its holder do one thing once: become the first administrator, or set a password. */
export interface OneTimeLink {
  readonly digest: LinkDigest;
  /** A link that came by mail also shows that its owner reads that mail. */
  readonly purpose: 'first-administrator' | 'set-password' | 'set-password-by-mail' | 'invitation';
  /** Whose password; undefined for the first administrator. */
  readonly accountId: AccountId | undefined;
  readonly expiresAt: Date;
}

export interface OneTimeLinkStore {
  /** Replaces every older link of the same purpose and account: only the newest works. */
  put(link: OneTimeLink): Promise<void>;
  /** Reading does not use it up: mail scanners follow links. Undefined once expired, whether swept or not. */
  find(digest: LinkDigest, now: Date): Promise<OneTimeLink | undefined>;
  /** Under any concurrency exactly one caller gets true; the link is gone then. False once expired. */
  take(digest: LinkDigest, now: Date): Promise<boolean>;
  removeFor(account: AccountId): Promise<void>;
}
