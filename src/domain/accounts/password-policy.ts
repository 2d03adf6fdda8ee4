import { InvalidValueError } from '../errors.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** Longest password taken, in characters: far beyond any passphrase, short enough to hash at once. */
export const MAX_PASSWORD_LENGTH = 256;

export interface PasswordRules {
  /** In characters (code points). */
  readonly minLength: number;
  /** zxcvbn, 0 to 4. */
  readonly minScore: number;
  readonly contextWords: readonly string[];
}

/**
 * NIST SP 800-63B-4, 3.1.1.2: length, a list of common and breached passwords, words of the context; no rules about kinds of characters.
 * @param own words of the person: e-mail, username, name
 * @throws InvalidValueError with the reason, for the person
 */
export async function checkNewPassword(
  password: string,
  own: readonly string[],
  rules: PasswordRules,
  hasher: Pick<PasswordHasher, 'assess'>,
): Promise<void> {
  const length = [...password].length;
  const refuse = (reason: string) => new InvalidValueError('password', reason);
  if (password.includes('\0')) throw refuse('This password holds a character that can’t be typed. Choose another.');
  if (length < rules.minLength)
    throw refuse(`This password is too short. Use ${rules.minLength} characters or more; a few unrelated words do well.`);
  if (length > MAX_PASSWORD_LENGTH) throw refuse(`This password is too long. Use at most ${MAX_PASSWORD_LENGTH} characters.`);
  const words = [...rules.contextWords, ...own].flatMap((word) => [word, ...word.split(/[@.\s_-]+/)]).filter((word) => word.length > 2);
  const used = mostlyOf(password, words);
  if (used)
    throw refuse(
      `This password is mostly “${used}”, which is easy to guess here. Choose words that have nothing to do with you or this place.`,
    );
  const { score, reason, common } = await hasher.assess(password, words);
  if (common) throw refuse('This password is on lists of stolen or common passwords. Choose another; a few unrelated words do well.');
  if (score < rules.minScore)
    throw refuse(`This password is easy to guess. ${reason ? `${reason.replace(/\.$/, '')}. ` : ''}A few unrelated words do well.`);
}

/** The longest of `words` in a password of which they make up more than half, joined in whatever way. */
function mostlyOf(password: string, words: readonly string[]): string | undefined {
  const whole = password.toLowerCase();
  const used = words.filter((word) => whole.includes(word.toLowerCase())).toSorted((a, b) => b.length - a.length);
  const rest = used.reduce((text, word) => text.replaceAll(word.toLowerCase(), ''), whole);
  return rest.length * 2 < whole.length ? used[0] : undefined;
}
