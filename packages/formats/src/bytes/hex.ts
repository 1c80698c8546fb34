// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";

const DIGITS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export function encodeHex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += DIGITS[byte];
  return out;
}

/**
 * Decodes lower- or upper-case hexadecimal of even length.
 * @throws FormatError `malformed-hex`
 */
export function decodeHex(text: string, place = ""): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new FormatError("malformed-hex", "hex", place, "not an even number of hex digits");
  }
  const out = new Uint8Array(text.length / 2);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return out;
}
