const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** An address that nobody between can read or change, or one of this machine. */
export function isSafeAddress(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOCAL_HOSTS.includes(url.hostname));
}
