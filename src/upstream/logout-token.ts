import { decodeProtectedHeader } from 'jose';
import { type LogoutNotice, UpstreamError } from '../domain/federation/upstream.ts';
import { isSubject, readToken, type TokenJudge } from './id-token.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const NAME = 'logout token';

/** Other kinds of JWT say what they are; some providers leave it at JWT. */
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'logout+jwt', 'application/logout+jwt'];

const LONGEST_TOKEN = 16_384;

/** OpenID Connect Back-Channel Logout 2.6. Anybody may send one, so it is small and young. @throws UpstreamError */
export async function readLogoutToken(token: string, judge: TokenJudge): Promise<LogoutNotice> {
  if (token.length > LONGEST_TOKEN || !TYPES.includes(typeOf(token))) throw wrong('it is not a logout token');
  const { iss, sub, sid, iat, jti, nonce, events } = await readToken(NAME, token, judge, {
    requiredClaims: ['iss', 'aud', 'iat', 'jti', 'events'],
    maxTokenAge: 120,
  });
  const event =
    typeof events === 'object' && events !== null && !Array.isArray(events) && Object.entries(events).find(([name]) => name === EVENT);
  if (!event || typeof event[1] !== 'object' || event[1] === null) throw wrong('it tells of no logout (events)');
  if (nonce !== undefined) throw wrong('it has a nonce, as ID tokens have');
  if (!isSubject(jti)) throw wrong('its jti is not a text of at most 255 characters');
  for (const each of [sub, sid])
    if (each !== undefined && !isSubject(each)) throw wrong('whom it is about is not a text of at most 255 characters');
  if (sub === undefined && sid === undefined) throw wrong('it says neither whom nor which session it is about');
  return { issuer: String(iss), subject: sub as string | undefined, sid: sid as string | undefined, issuedAt: Number(iat), jti };
}

const wrong = (why: string) => new UpstreamError(`The ${NAME} will not do: ${why}.`, { kind: 'invalid' });

function typeOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).typ?.toLowerCase();
  } catch (cause) {
    throw new UpstreamError(`The ${NAME} is not a JWT.`, { kind: 'invalid', cause });
  }
}
