import { errors, importJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import type { KeyService } from '../keys/key-service.ts';

/** Signs what the REST surfaces hand out with the keys the issuer publishes (RFC 7515, ES256, `typ: JWT`). */
export interface TokenSigner {
  sign(claims: JWTPayload): Promise<string>;
  /** Whether this was a token of ours, by its signature, and its time is over. */
  isExpired(token: string): Promise<boolean>;
}

export function createTokenSigner({ keys, clock }: { keys: KeyService; clock: Clock }): TokenSigner {
  return {
    async sign(claims) {
      const key = (await keys.open()).find(({ alg }) => alg === 'ES256');
      if (!key?.kid) throw new Error('no stored key signs with ES256');
      return await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid }).sign(await importJWK(key, 'ES256'));
    },
    async isExpired(token) {
      const published = await keys.list();
      try {
        await jwtVerify(
          token,
          async ({ kid, alg }) => {
            const key = published.find((candidate) => candidate.kid === kid && candidate.alg === alg);
            if (!key) throw new errors.JWKSNoMatchingKey();
            return await importJWK(key.publicJwk, key.alg);
          },
          { currentDate: clock() },
        );
        return false;
      } catch (error) {
        if (error instanceof errors.JWTExpired) return true;
        if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
        throw error;
      }
    },
  };
}
