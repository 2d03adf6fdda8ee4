import { isIPv6 } from 'node:net';

/** The bucket of a client address: IPv4 as it is, IPv6 by its /64, since one subscriber owns all of it; every spelling of one address is one bucket. */
export function addressBucket(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [, canonical = ip] = /^\[(.*)\]$/.exec(new URL(`http://[${ip.split('%')[0]}]/`).hostname) ?? [];
  // RFC 4291 2.5.5.2: an IPv4 address as an IPv6 socket sees it.
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high !== undefined && low !== undefined) return [high, low].flatMap(bytesOf).join('.');
  const [head = '', tail] = canonical.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail?.split(':').filter(Boolean) ?? [];
  const groups = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

function bytesOf(group: string): readonly number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 255];
}
