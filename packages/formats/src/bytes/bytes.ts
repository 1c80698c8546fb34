// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** True when both hold the same bytes. Not constant time: for public values only. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A new array holding the parts one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** The UTF-8 bytes of a text. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Decodes UTF-8 strictly; a byte order mark is kept as a character, never dropped.
 * @throws FormatError `malformed-utf8`
 */
export function decodeUtf8(bytes: Uint8Array, place = ""): string {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    throw new FormatError("malformed-utf8", "utf-8", place, "invalid byte sequence", { cause });
  }
}

/** Orders byte strings as unsigned numbers, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
