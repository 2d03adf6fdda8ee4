import { isIPv6 } from 'node:net';

/** The bucket of a client address: IPv4 as it is, IPv6 by its /64, since one subscriber owns all of it; every spelling of one address is one bucket. */
export function addressBucket(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(ip)) return ip;
  const [, canonical = ip] = /^\[(.*)\]$/.exec(new URL(`http://[${ip.split('%')[0]}]/`).hostname) ?? [];
  const [head = '', tail] = canonical.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
