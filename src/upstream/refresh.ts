import { ResponseBodyError, refreshTokenGrant } from 'openid-client';
import { UpstreamError, type UpstreamTokens } from '../domain/federation/upstream.ts';
import { configure } from './connections.ts';
import { type Exchange, tokensOf, withoutIdToken } from './exchange.ts';
import { printable } from './fault-words.ts';

/** RFC 6749 5.2; interaction_required and the like from Entra; the last from GitHub: the person has to sign in there anew. */
const OVER = ['invalid_grant', 'interaction_required', 'login_required', 'consent_required', 'bad_refresh_token'];

/** New tokens for a refresh token (RFC 6749 6). Only an answer that says that the grant is over is a refusal. @throws UpstreamError, and what openid-client throws */
export async function refresh({ provider, metadata, auth, connection, clock }: Exchange, refreshToken: string): Promise<UpstreamTokens> {
  const config = configure(metadata, provider, auth, withoutIdToken(connection.fetch).fetch);
  try {
    return tokensOf(await refreshTokenGrant(config, refreshToken), clock);
  } catch (error) {
    throw refreshFault(error);
  }
}

/** Without its description and its cause, which may quote the token. */
function refreshFault(error: unknown): unknown {
  if (!(error instanceof ResponseBodyError)) return error;
  return new UpstreamError(`It answered ${printable(error.error)}.`, { kind: OVER.includes(error.error) ? 'refused' : 'invalid' });
}
