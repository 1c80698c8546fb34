// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from "node:net";

/** Of the IANA special-purpose registries: nothing of the public internet is there. */
const internal4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // and with it the metadata services of clouds
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Parts of 2000::/3, all that is public in IPv6, that are not, or that hold an IPv4 address. */
const internal6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const blocked = new BlockList();
for (const [network, prefix] of internal4) blocked.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of internal6) blocked.addSubnet(network, prefix, "ipv6");
const public6 = new BlockList();
public6.addSubnet("2000::", 3, "ipv6");

/**
 * Whether an address is not one of the public internet: loopback, private, link-local, shared,
 * reserved, multicast, or one that is translated into any other. What is no address counts too.
 */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return blocked.check(address, "ipv4");
  if (family !== 6) return true;
  return !public6.check(address, "ipv6") || blocked.check(address, "ipv6");
}
