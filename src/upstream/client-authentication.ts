import { importJWK, importPKCS8, SignJWT } from 'jose';
import { type ClientAuth, ClientSecretPost, modifyAssertion, PrivateKeyJwt } from 'openid-client';
import { z } from 'zod';
import { THEIR_TENANT } from '../domain/federation/issuers.ts';
import { UpstreamError } from '../domain/federation/upstream.ts';
import type { UpstreamProvider } from '../domain/federation/upstream-provider.ts';
import type { KeyService } from '../domain/keys/key-service.ts';
import { type Clock, epochSeconds } from '../lib/clock.ts';
import type { Metadata } from './metadata.ts';
import { PROVIDER_KINDS } from './provider-kinds.ts';

export interface ClientProofs {
  /** Undefined where a key does. */
  readonly secretOf: (provider: UpstreamProvider) => string | undefined;
  /** Ours, that the provider finds at our jwks_uri. */
  readonly keys: Pick<KeyService, 'open'>;
  readonly clock: Clock;
}

const SIGNED_SECRET_SECONDS = 300;

/** How we prove ourselves to a provider (OpenID Connect Core 9). @throws UpstreamError `invalid` when what we have will not do */
export async function clientAuthentication(provider: UpstreamProvider, metadata: Metadata, proofs: ClientProofs): Promise<ClientAuth> {
  if (provider.authentication === 'private_key_jwt') return await byKey(metadata, proofs);
  const secret = proofs.secretOf(provider);
  if (secret === undefined) throw new UpstreamError(`The provider ${provider.id} has no client secret.`, { kind: 'invalid' });
  const { secret: kind } = PROVIDER_KINDS[provider.preset];
  if (kind === 'signed') return ClientSecretPost(await signSecret(secret, provider, proofs.clock));
  return provider.authentication === 'client_secret_post' ? ClientSecretPost(secret) : secretInHeader(secret);
}

/**
 * RFC 6749 2.3.1, encoded as its appendix B says: the dashes of made-up secrets stay. openid-client would encode them, too, which is allowed, and some
 * servers do not decode it.
 */
function secretInHeader(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`);
  };
}

const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);

/** RFC 7523 2.2 */
async function byKey({ issuer, token_endpoint }: Metadata, { keys, clock }: ClientProofs): Promise<ClientAuth> {
  const jwk = (await keys.open()).find(({ alg }) => alg === 'ES256');
  const key = jwk && (await importJWK(jwk, 'ES256'));
  if (!jwk?.kid || !key || key instanceof Uint8Array) throw new Error('no stored key signs with ES256');
  return PrivateKeyJwt(
    { key, kid: jwk.kid },
    {
      [modifyAssertion](_header, claims) {
        const now = epochSeconds(clock());
        Object.assign(claims, { iat: now, nbf: now, exp: now + 60 });
        // An issuer of many tenants has no name of its own.
        if (issuer.includes(THEIR_TENANT)) claims.aud = token_endpoint ?? issuer;
      },
    },
  );
}

/** The settings have seen to it that it is this. */
const signedSecretSchema = z.object({ team_id: z.string(), key_id: z.string(), private_key: z.string() });

/** The client secret of Sign in with Apple: a JWT of the team about the client, for the issuer. */
async function signSecret(secret: string, { clientId, issuer }: UpstreamProvider, clock: Clock): Promise<string> {
  const { team_id, key_id, private_key } = signedSecretSchema.parse(JSON.parse(secret));
  const key = await importPKCS8(private_key, 'ES256').catch((cause: unknown) => {
    throw new UpstreamError('The private key of the secret is not one for ES256 in PKCS #8 (PEM).', { kind: 'invalid', cause });
  });
  const now = epochSeconds(clock());
  return await new SignJWT({ iss: team_id, sub: clientId, aud: issuer, iat: now, exp: now + SIGNED_SECRET_SECONDS })
    .setProtectedHeader({ alg: 'ES256', kid: key_id })
    .sign(key);
}
