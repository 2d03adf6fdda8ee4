const BYTES = 32;

/** Undefined when the text is not 32 bytes in base64 or base64url. */
export function decodeMasterKey(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === BYTES ? bytes : undefined;
}

/**
 * Why a key was not made by a random generator, to end a sentence that begins with "it"; undefined when nothing speaks against it.
 * Each sign turns up in less than one of ten million random keys.
 */
export function weaknessOf(text: string, bytes: Buffer): string | undefined {
  const letters = text.toLowerCase().replace(/[^a-z]/g, '');
  const word = ['changeme', 'password', 'placeholder', 'secret', 'example'].find((candidate) => letters.includes(candidate));
  if (word) return `holds the word "${word}"`;
  if (bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)) return 'is readable text in base64, not random bytes';
  const steps = new Set(bytes.map((byte, index) => byte - (bytes[index - 1] ?? 0)).subarray(1));
  if (steps.size === 1) return 'counts or repeats instead of being random';
  return new Set(bytes).size < BYTES / 2 ? 'repeats itself instead of being random' : undefined;
}
