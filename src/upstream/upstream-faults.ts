import { errors } from 'jose';
import { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client';
import { UpstreamError } from '../domain/federation/upstream.ts';
import { printable } from './fault-words.ts';

type Kind = UpstreamError['kind'];

/** RFC 6749 4.1.2.1 and 5.2. What is not here ended the sign-in and nothing else: access_denied, login_required, invalid_grant. */
const KINDS: Readonly<Record<string, Kind>> = {
  server_error: 'unavailable',
  temporarily_unavailable: 'unavailable',
  invalid_request: 'invalid',
  invalid_client: 'invalid',
  unauthorized_client: 'invalid',
  unsupported_response_type: 'invalid',
  unsupported_grant_type: 'invalid',
  invalid_scope: 'invalid',
  incorrect_client_credentials: 'invalid',
  redirect_uri_mismatch: 'invalid',
};

/** What openid-client threw, as ours; a fault of our own stays what it is. Without the cause, which quotes codes and claims. */
export function upstreamFault(error: unknown): unknown {
  const inner = innermost(error);
  if (inner) return inner;
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const words = [error.error, error.error_description ?? ''].map(printable).filter(Boolean).join(': ');
    return new UpstreamError(`It answered ${words}.`, { kind: KINDS[error.error] ?? 'refused' });
  }
  if (error instanceof WWWAuthenticateChallengeError)
    return new UpstreamError(`It answered ${error.status}: it does not take our proof.`, { kind: 'invalid' });
  if (!(error instanceof ClientError)) return error;
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return new UpstreamError(`Its answer is not to be trusted: ${printable(reason)}.`, { kind: 'invalid' });
}

/** One of ours that somebody wrapped. */
function innermost(error: unknown): UpstreamError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof UpstreamError) return each;
  return undefined;
}

/** What jose threw about a token; without the cause, which quotes its claims. */
export function tokenFault(name: string, error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error;
  return new UpstreamError(`The ${name} is not to be trusted: ${tokenWords(error)}.`, { kind: 'invalid' });
}

function tokenWords(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'its time is over, or the clocks differ by more than a minute';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return `it has no ${error.claim}`;
    return error.claim === 'iat' || error.claim === 'nbf'
      ? `it is from the future (${error.claim}): the clocks differ by more than a minute`
      : `its ${error.claim} is not what it has to be`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'it is not signed with RS256, PS256, ES256 or EdDSA';
  if (error instanceof errors.JWKSNoMatchingKey) return 'the key it is signed with is not among those of the provider';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return printable(error.message);
}
