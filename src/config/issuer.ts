const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** A bare slash at the end says nothing; every other difference from scheme, host and port does. */
export function normaliseIssuer(issuer: string): string {
  return issuer.replace(/\/$/, '');
}

/** Whether an issuer is this machine alone. Anything else is production. */
export function isLocal(issuer: string): boolean {
  return LOCAL_HOSTS.includes(URL.parse(issuer)?.hostname ?? '');
}

/** Scheme, host and port alone, spelled as browsers send them; https unless local. Undefined when it is no address. */
export function properIssuer(issuer: string): string | undefined {
  const url = URL.parse(issuer);
  if (!url) return undefined;
  return isLocal(issuer) ? url.origin : url.origin.replace(/^http:/, 'https:');
}
