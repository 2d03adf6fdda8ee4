import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256, base64url. Right for values with at least 128 random bits; passwords go through the password hasher. */
export function sha256(value: string): string {
  return hash('sha256', value, 'base64url');
}

/** Compares without telling by its duration where two strings differ. */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer')) && a.length === b.length;
}
