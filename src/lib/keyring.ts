import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** A sealed value was made under another master key, moved to another record, or changed. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

/**
 * Everything that is derived from the one master key.
 * Each purpose has a key of its own (HKDF-SHA-256, RFC 5869), so that a leak of one says nothing about another.
 */
export interface Keyring {
  /** AES-256-GCM. `record` names the row and column the text belongs to: sealed text moved elsewhere does not open. */
  seal(plaintext: string, record: string): string;
  /** Throws SealBrokenError. */
  open(sealed: string, record: string): string;
  /** HMAC-SHA-256, base64url. */
  sign(purpose: string, message: string): string;
  /** A key for one purpose, `bytes` long (32 unless told). */
  derive(purpose: string, bytes?: number): Buffer;
}

/** @param master 32 random bytes */
export function createKeyring(master: Buffer): Keyring {
  if (master.length !== 32) throw new RangeError('the master key has to be 32 bytes');
  const derive = (purpose: string, bytes = 32) => Buffer.from(hkdfSync('sha256', master, '', `gatehouse ${purpose}`, bytes));
  const sealing = derive('seal');
  const signing = new Map<string, Buffer>();

  return {
    derive,
    seal(plaintext, record) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(Buffer.from(record));
      const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url')}`;
    },
    open(sealed, record) {
      const bytes = Buffer.from(sealed.startsWith('v1.') ? sealed.slice(3) : '', 'base64url');
      if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealBrokenError(`not a sealed value: ${record}`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, IV_BYTES))
          .setAAD(Buffer.from(record))
          .setAuthTag(bytes.subarray(-TAG_BYTES));
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new SealBrokenError(`cannot be opened with this master key: ${record}`, { cause });
      }
    },
    sign(purpose, message) {
      let key = signing.get(purpose);
      if (!key) signing.set(purpose, (key = derive(`sign ${purpose}`)));
      return createHmac('sha256', key).update(message).digest('base64url');
    },
  };
}
