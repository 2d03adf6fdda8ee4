import type { Brand } from '../../lib/brand.ts';
import { InvalidValueError } from '../errors.ts';
import type { Role } from '../policy/roles.ts';
import type { TenantId } from '../tenants/tenant.ts';

/** A UUID, unique in the instance and never reused: the `sub` of every token about this person. */
export type AccountId = Brand<'AccountId'>;

/** The folded form of an e-mail or username: what two spellings of one name have in common. */
export type LoginKey = Brand<'LoginKey'>;

export interface Account {
  readonly id: AccountId;
  readonly tenantId: TenantId;
  /** As typed, NFC. Unique in the instance by its login key. */
  readonly email: string;
  readonly emailVerified: boolean;
  /** Unique in the instance by its login key; never holds an @. */
  readonly username: string | undefined;
  readonly displayName: string | undefined;
  /** As typed, at most 40 characters. */
  readonly phoneNumber: string | undefined;
  /** Wants to be written to. */
  readonly newsletter: boolean;
  readonly role: Role;
  /** May administer every tenant. */
  readonly superAdministrator: boolean;
  readonly disabled: boolean;
  /** Self-describing hash; undefined while no password is set. */
  readonly passwordHash: string | undefined;
  /**
   * Counts up when the password is set, the account is disabled or enabled, or its authenticator app is removed.
   * Browser sessions and sign-ins that began under an older one are void. Setting an authenticator app up leaves it as it is.
   */
  readonly credentialVersion: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function accountId(value: string): AccountId {
  return value as AccountId;
}

/** NFKC, without invisible characters, trimmed, case folded: full-width, zero-width and upper-case spellings become one. */
export function loginKey(value: string): LoginKey {
  return value
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .trim()
    .toLowerCase()
    .normalize('NFKC') as LoginKey;
}

/** @throws InvalidValueError */
export function parseEmail(value: string): string {
  const email = value.normalize('NFC').trim();
  if (email.length > 254 || !/^[^\s@<>"(),:;\\[\]\p{C}]{1,64}@[^\s@<>"(),:;\\[\]\p{C}]+\.[^\s@<>"(),:;\\[\]\p{C}.]+$/u.test(email)) {
    throw new InvalidValueError('email', 'That is not an e-mail address, like name@example.com.');
  }
  return email;
}

/** @throws InvalidValueError */
export function parseUsername(value: string): string {
  const username = value.normalize('NFC').trim();
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(username)) {
    throw new InvalidValueError(
      'username',
      'A username has 1 to 64 letters, digits, dots, dashes or underscores, and begins with a letter or digit.',
    );
  }
  return username;
}

/** @throws InvalidValueError */
export function parseDisplayName(value: string): string {
  const name = value.normalize('NFC').trim();
  if (name.length === 0 || name.length > 120 || /\p{Cc}/u.test(name)) {
    throw new InvalidValueError('name', 'A name has 1 to 120 characters on one line.');
  }
  return name;
}

/** @throws InvalidValueError */
export function parsePhoneNumber(value: string): string {
  const number = value.trim();
  if (!/^\+?[0-9 ()./-]{3,40}$/.test(number))
    throw new InvalidValueError('phoneNumber', 'A telephone number has 3 to 40 digits, spaces and any of + ( ) . / -');
  return number;
}

/** What pages call this person. */
export function nameOf(account: Account): string {
  return account.displayName ?? account.username ?? account.email;
}
