// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "../../bytes/index.ts";
import type { HashName } from "../algorithms.ts";
import { mgf1 } from "../rsa.ts";
import { hash } from "../verify.ts";

/**
 * EMSA-PSS-ENCODE (RFC 8017 §9.1.1) with MGF1 over the same hash.
 * @param encodedBits one less than the modulus has.
 */
export function encodePss(
  name: HashName,
  digest: Uint8Array,
  salt: Uint8Array,
  encodedBits: number,
): Uint8Array {
  const length = Math.ceil(encodedBits / 8);
  const h = hash(name, concatBytes(new Uint8Array(8), digest, salt));
  const block = new Uint8Array(length - h.length - 1);
  block.set(salt, block.length - salt.length);
  block[block.length - salt.length - 1] = 1;
  const masked = mgf1(name, h, block.length).map((byte, i) => byte ^ (block[i] as number));
  masked[0] = (masked[0] as number) & (0xff >> (8 * length - encodedBits));
  return concatBytes(masked, h, Uint8Array.of(0xbc));
}
