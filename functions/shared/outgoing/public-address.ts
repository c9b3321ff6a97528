import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { loopbackAllowed } from './target-url.ts';

/** A name that leads into a network where nothing of ours has any business. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';

  constructor() {
    super('the address is not public');
  }
}

const loopback = blocked([
  ['127.0.0.0', 8],
  ['::1', 128],
]);

/** The special-purpose ranges of RFC 6890 and its updates; 169.254.169.254 is where clouds keep credentials. */
const special = blocked([
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Unspecified, and IPv4 in its oldest clothes.
  ['::', 96],
  // IPv4 in newer ones: NAT64, 6to4, Teredo.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 32],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]);

function blocked(ranges: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges)
    list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

/** Whether something may be sent to this IP address. IPv4-mapped IPv6 addresses count as what they map. */
export function isReachable(address: string): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(address, family)) return loopbackAllowed();
  return !special.check(address, family);
}

/**
 * Resolves names for a connection and refuses those that lead to a private address. As it is the connection's
 * own lookup, the name cannot lead elsewhere by the time of the connection (DNS rebinding).
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '');
    const [first] = addresses;
    if (!first || !addresses.every(({ address }) => isReachable(address)))
      return callback(new AddressRefused(), '');
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};

/** Addresses that stand in the URL itself are never looked up. @throws {AddressRefused} */
export function requireReachableLiteral({ hostname }: URL): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isReachable(address)) throw new AddressRefused();
}
