import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface AssertionKey {
  readonly privateKey: CryptoKey;
  /** What the client registers. */
  readonly publicJwk: Record<string, string>;
}

export async function assertionKey(alg = 'ES256'): Promise<AssertionKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { privateKey, publicJwk: { ...((await exportJWK(publicKey)) as Record<string, string>), alg, use: 'sig', kid: 'first' } };
}

/** The fields of private_key_jwt (RFC 7523), faultless but for `claims` and `header`. */
export async function assertionFields(
  { privateKey, publicJwk }: AssertionKey,
  { clientId, issuer }: { clientId: string; issuer: string },
  { claims = {}, header = {} }: { claims?: JWTPayload; header?: Record<string, unknown> } = {},
): Promise<Record<string, string>> {
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: issuer, iat: now, exp: now + 60, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: publicJwk.alg ?? 'ES256', kid: 'first', ...header })
    .sign(privateKey);
  return { client_assertion: assertion, client_assertion_type: ASSERTION_TYPE };
}
