// SPDX-License-Identifier: Apache-2.0
import { sha1 } from "@noble/hashes/legacy.js";
import { readDer, Tag } from "../der/index.ts";
import type { PublicKey } from "./public-key.ts";

/**
 * The identifier of a key in certificates (RFC 5280 §4.2.1.2, method 1): SHA-1 of the key's bits.
 * A label to find an issuer by, 20 bytes; nothing may rest on its strength.
 */
export function keyIdentifier(key: PublicKey): Uint8Array {
  const bits = readDer(key.spki, "public key", (reader) => {
    const outer = reader.sequence();
    outer.element(Tag.sequence);
    return outer.bitString();
  });
  return sha1(bits);
}
