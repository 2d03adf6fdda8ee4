import { BlockList, isIP, isIPv6 } from 'node:net';
import { InvalidValueError } from '../errors.ts';

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

interface Block {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly prefix: number;
}

/** An address or a CIDR block; undefined when it is neither. */
function parseBlock(text: string): Block | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const longest = version === 4 ? 32 : 128;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)) return undefined;
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix: prefix === undefined ? longest : Number(prefix) };
}

/** At most 100. @throws InvalidValueError that names the first one that will not do */
export function checkAddresses(allowed: readonly string[]): readonly string[] {
  if (allowed.length > 100)
    throw new InvalidValueError('allowedAddresses', 'At most 100 addresses can be allowed. Put them together as CIDR blocks.');
  const wrong = allowed.find((text) => !parseBlock(text));
  if (wrong !== undefined)
    throw new InvalidValueError(
      'allowedAddresses',
      `“${wrong}” is neither an IP address nor a CIDR block, like 192.0.2.7 or 2001:db8::/32.`,
    );
  return [...new Set(allowed)];
}

/** Whether a client address is one of those. An empty list allows all; an address that cannot be read is allowed by no other. */
export function isAllowedAddress(ip: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const version = isIP(ip);
  if (version === 0) return false;
  const list = new BlockList();
  for (const { address, family, prefix } of allowed.flatMap((text) => parseBlock(text) ?? [])) list.addSubnet(address, prefix, family);
  return list.check(ip, version === 4 ? 'ipv4' : 'ipv6');
}
