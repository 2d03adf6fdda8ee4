import type { ScopeCatalogue } from '../../domain/policy/allowed-scopes.ts';
import type { Keyring } from '../../lib/keyring.ts';

/** Fixed, so that the documentation can name them; generated client ids end in random characters and never meet these. */
export const DEMO_CLIENTS = { app: 'parcel-desk', api: 'parcel-api', service: 'nightly-report' } as const;

/** What the app asks for and the API checks. */
export const READ = 'read:interactions';
export const WRITE = 'write:policies';
/** Lets a service of the tenant introspect tokens of other clients. */
export const INSPECT = 'admin:all';

/** The demo shows these scopes at work; where the operator's catalogue lacks one there is nothing to show. */
export function supportsDemo(catalogue: ScopeCatalogue): boolean {
  const names = new Set(catalogue.map(({ name }) => name));
  return [READ, WRITE, INSPECT].every((scope) => names.has(scope));
}

/*
 * Every secret of the demo comes from the master key: different in each installation, the same after each start, stored nowhere in the clear.
 */

/** 256 bit, base64url. */
export function clientSecret(keyring: Keyring, clientId: string): string {
  return keyring.derive(`demo client ${clientId}`).toString('base64url');
}

const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';

/** Five letters that can be read aloud, for 16 bits (a proquint). */
function proquint(bits: number): string {
  const consonant = (shift: number) => CONSONANTS.charAt((bits >> shift) & 15);
  const vowel = (shift: number) => VOWELS.charAt((bits >> shift) & 3);
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}

/** 64 bit or more as made-up words, like `lusab-babad-gutih-tugad`. @param minLength characters */
export function password(keyring: Keyring, username: string, minLength: number): string {
  const words = Math.max(4, Math.ceil((minLength + 1) / 6));
  const bytes = keyring.derive(`demo password ${username}`, words * 2);
  return Array.from({ length: words }, (_, index) => proquint(bytes.readUInt16BE(index * 2))).join('-');
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 160 bit, base32 (RFC 4648, section 6). */
export function totpSecret(keyring: Keyring, username: string): string {
  return Array.from(keyring.derive(`demo totp ${username}`), (byte) => BASE32[byte & 31]).join('');
}

/** A client_credentials request that works when pasted into a shell. */
export function demoCurl(issuer: string, keyring: Keyring): string {
  const secret = clientSecret(keyring, DEMO_CLIENTS.service);
  return `curl -u '${DEMO_CLIENTS.service}:${secret}' -d grant_type=client_credentials -d scope=${READ} ${issuer}/oauth/token`;
}
