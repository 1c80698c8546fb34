// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "../bytes/index.ts";
import { sha256 } from "../crypto/index.ts";

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

/** Hash of a leaf, of any length: SHA-256(00 ‖ data) (RFC 9162 §2.1.1). */
export function leafHash(data: Uint8Array): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, data));
}

/**
 * Hash of an inner node: SHA-256(01 ‖ left ‖ right) (RFC 9162 §2.1.1).
 * Does not check that both are of 32 bytes.
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

/** Root of the tree without leaves: SHA-256 of nothing. A new array each time. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}
