/** A path as it may be logged: that of an interaction or a one-time link names something secret. */
export function loggable(path: string): string {
  return path.replace(/^((?:\/|%2f)+(?:interaction|password|setup|oauth\/authorize)(?:\/|%2f)+)[^/]+/i, '$1…');
}
