// SPDX-License-Identifier: Apache-2.0
import { StackError } from "./errors.ts";

/** `host:port`, an IPv6 address in brackets. */
const listenPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/;

export function isListenAddress(text: string): boolean {
  const port = listenPattern.exec(text)?.[3];
  return port !== undefined && Number(port) <= 65_535;
}

/** Takes `host:port` apart. */
export function listenAddress(listen: string): { readonly host: string; readonly port: number } {
  const [, ipv6, name, port] = listenPattern.exec(listen) ?? [];
  return { host: ipv6 ?? name ?? "127.0.0.1", port: Number(port) };
}

/** What to say, and do, where an address could not be listened on. */
export function cannotListen(address: string, cause: unknown): StackError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `cannot listen on ${address}: ${why}; stop what has it, or name another address`;
  return new StackError("address", message, { cause });
}
