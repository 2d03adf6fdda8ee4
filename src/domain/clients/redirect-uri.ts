import { InvalidValueError } from '../errors.ts';
import type { ClientType } from './client.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isLoopback(url: URL): boolean {
  return LOOPBACK.has(url.hostname);
}

/**
 * What may be registered. At run time the whole string is compared, but for the port of a native client's loopback address (RFC 8252 7.3).
 * @throws InvalidValueError that says what would do
 */
export function checkRedirectUri(uri: string, type: ClientType, field: string): string {
  const refuse = (reason: string) => new InvalidValueError(field, `“${uri}” can’t be registered: ${reason}`);
  const url = URL.parse(uri);
  if (!url || /[\s\\*\p{Cc}]/u.test(uri)) throw refuse('it has to be one absolute URI, without wildcards, spaces or backslashes.');
  if (uri.includes('#')) throw refuse('it must not have a fragment (RFC 6749, 3.1.2).');
  if (url.username || url.password || /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(uri))
    throw refuse('it must not hold a user name or password.');
  if (url.protocol === 'https:') return uri;
  if (url.protocol === 'http:') {
    if (isLoopback(url)) return uri;
    throw refuse('plain http is for localhost, 127.0.0.1 and [::1] only. Use https.');
  }
  if (type === 'native' && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/.test(url.protocol)) return uri;
  throw refuse(
    type === 'native'
      ? 'an app’s own scheme is its domain name reversed, like com.example.app:/callback (RFC 8252, 7.1).'
      : 'use an https address.',
  );
}

/** @throws InvalidValueError */
export function checkOrigin(origin: string): string {
  const url = URL.parse(origin);
  if (
    !url ||
    url.origin !== origin ||
    origin.includes('*') ||
    (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
  ) {
    throw new InvalidValueError(
      'allowed_origins',
      `“${origin}” is not an origin: give scheme, host and port only, like https://app.example.com.`,
    );
  }
  return origin;
}
