// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import type { Json } from "./report.ts";

/** Text from certificates and bundles, which must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** An object as JSON: dates in ISO 8601, bytes in hex, 64-bit integers as strings. */
export function plainJson(value: object): { readonly [name: string]: Json } {
  return plain(value) as { readonly [name: string]: Json };
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return encodeHex(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
