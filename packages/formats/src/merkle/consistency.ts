// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { emptyRoot } from "./hashing.ts";
import { MerkleError } from "./merkle-error.ts";
import {
  chainBorder,
  chainInner,
  chainInnerLeft,
  checkHash,
  checkProof,
  checkTreeSize,
  pathShape,
  trailingZeros,
} from "./path.ts";

/**
 * Verifies that a newer tree begins with all leaves of an older one, in their order
 * (RFC 9162 §2.1.4.2).
 *
 * Trees of equal size are consistent when their roots are equal. Every tree extends the empty one,
 * whose root is fixed; both cases have an empty proof.
 *
 * @param consistency.oldSize number of leaves of the older tree, `newSize` of the newer one.
 * @param consistency.oldRoot 32 bytes, like `newRoot`.
 * @param consistency.proof hashes in the order of RFC 9162 §2.1.4.1, 32 bytes each.
 * @throws MerkleError `size-out-of-range` | `hash-malformed` | `proof-too-short` |
 *   `proof-too-long` | `old-root-mismatch` | `root-mismatch`. Does not check who signed the roots.
 */
export function verifyConsistency(consistency: {
  readonly oldSize: bigint;
  readonly newSize: bigint;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): void {
  const { oldSize, newSize, oldRoot, newRoot, proof } = consistency;
  checkProof(proof, consistencyProofLength(oldSize, newSize));
  checkHash(oldRoot, "the older root");
  checkHash(newRoot, "the newer root");
  if (oldSize === 0n) expectEqual("old-root-mismatch", oldRoot, emptyRoot());
  if (newSize === 0n) expectEqual("root-mismatch", newRoot, emptyRoot());
  if (oldSize === newSize) expectEqual("root-mismatch", newRoot, oldRoot);
  if (oldSize === 0n || oldSize === newSize) return;

  // The proof is the path of the last old leaf, begun at the largest complete subtree it ends.
  const levels = trailingZeros(oldSize);
  const complete = oldSize === 1n << BigInt(levels);
  const start = complete ? oldRoot : (proof[0] as Uint8Array);
  const path = complete ? proof : proof.slice(1);
  const inner = pathShape(oldSize - 1n, newSize).inner - levels;
  const index = (oldSize - 1n) >> BigInt(levels);
  const [below, border] = [path.slice(0, inner), path.slice(inner)];
  const older = chainBorder(chainInnerLeft(start, below, index), border);
  expectEqual("old-root-mismatch", older, oldRoot);
  const newer = chainBorder(chainInner(start, below, index), border);
  expectEqual("root-mismatch", newer, newRoot);
}

/**
 * How many hashes a consistency proof has.
 * @throws MerkleError `size-out-of-range`, also where the newer tree is the smaller one.
 */
export function consistencyProofLength(oldSize: bigint, newSize: bigint): number {
  checkTreeSize(oldSize);
  checkTreeSize(newSize);
  if (oldSize > newSize) {
    throw new MerkleError(
      "size-out-of-range",
      `the older tree has ${oldSize} leaves, the newer one only ${newSize}`,
    );
  }
  if (oldSize === 0n || oldSize === newSize) return 0;
  const levels = trailingZeros(oldSize);
  const { inner, border } = pathShape(oldSize - 1n, newSize);
  return inner - levels + border + (oldSize === 1n << BigInt(levels) ? 0 : 1);
}

function expectEqual(
  code: "old-root-mismatch" | "root-mismatch",
  computed: Uint8Array,
  stated: Uint8Array,
): void {
  if (!bytesEqual(computed, stated)) {
    const which = code === "root-mismatch" ? "newer" : "older";
    throw new MerkleError(code, `the consistency proof does not lead to the ${which} root`);
  }
}
