const SECRET_PLACE = /^((?:\/|%2f)+(?:interaction|password|setup|oauth\/authorize)(?:\/|%2f)+)[^/]+/i;

/** No name of ours is so long, but tokens are, and somebody puts one into a path by mistake. Characters. */
const LONG_SEGMENT = /[^/]{40,}/g;

/** A path as it may be logged: that of an interaction or a one-time link names something secret. */
export function loggable(path: string): string {
  return path.replace(SECRET_PLACE, '$1…').replace(LONG_SEGMENT, '…');
}
