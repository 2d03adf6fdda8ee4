import { randomBytes } from 'node:crypto';

/** A bearer value: `bytes` random bytes (256 bit unless told), base64url without padding. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Random characters that people can read aloud and type: Crockford base32, 5 bits each. */
export function randomReadable(length: number): string {
  return Array.from(randomBytes(length), (byte) => CROCKFORD[byte & 31]).join('');
}
