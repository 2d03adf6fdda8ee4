import { generateSecret, generateURI, verify } from 'otplib';
import type { Clock } from '../../lib/clock.ts';
import { epochSeconds } from '../../lib/clock.ts';
import { randomReadable } from '../../lib/random.ts';

/** RFC 6238 with what every authenticator app understands: SHA-1, six digits, 30 seconds; one step of tolerance either way. */
const PERIOD_SECONDS = 30;

const RECOVERY_CODES = 8;
/** 24 characters of 5 bits: 120 bits, so that a plain digest at rest cannot be searched. */
const RECOVERY_CODE_LENGTH = 24;

/** A new secret of 160 bits, base32. */
export function newTotpSecret(): string {
  return generateSecret();
}

/** What the QR code says (Key URI format). */
export function totpUri(input: { secret: string; issuer: string; label: string }): string {
  return generateURI({ ...input, period: PERIOD_SECONDS });
}

/** The time step this code belongs to, or undefined when it is none of the steps that count now. */
export async function matchTotp(secret: string, code: string, clock: Clock): Promise<number | undefined> {
  const token = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(token)) return undefined;
  const result = await verify({ secret, token, epoch: epochSeconds(clock()), epochTolerance: PERIOD_SECONDS, period: PERIOD_SECONDS });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}

export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => randomReadable(RECOVERY_CODE_LENGTH));
}

/** In groups of four, as it is shown and written down. */
export function formatRecoveryCode(code: string): string {
  return code.match(/.{1,4}/g)?.join('-') ?? code;
}

/** Undoes what happens on paper: case, dashes, spaces, and the letters Crockford's alphabet leaves out. */
export function parseRecoveryCode(typed: string): string {
  return typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
}
