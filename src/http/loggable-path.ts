/** A path as it may be logged: that of an interaction or a one-time link names something secret. */
export function loggable(path: string): string {
  return path.replace(/^(\/+(?:interaction|password|setup|oauth\/authorize)\/+)[^/]+/i, '$1…');
}
