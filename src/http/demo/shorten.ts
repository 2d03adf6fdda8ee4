/** Enough of a secret to see that it is the same one as elsewhere on the page. */
export function shorten(secret: string): string {
  return secret.length > 12 ? `${secret.slice(0, 10)}…` : secret;
}
