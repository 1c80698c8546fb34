// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { MerkleError } from "./merkle-error.ts";
import {
  chainBorder,
  chainInner,
  checkHash,
  checkProof,
  checkTreeSize,
  pathShape,
} from "./path.ts";

/**
 * The root that an inclusion proof leads to (RFC 9162 §2.1.3.2).
 *
 * @param inclusion.leafIndex 0-based.
 * @param inclusion.treeSize number of leaves.
 * @param inclusion.leafHash 32 bytes, see `leafHash`.
 * @param inclusion.proof sibling hashes, leaf to root, 32 bytes each.
 * @throws MerkleError `size-out-of-range` | `index-out-of-range` | `hash-malformed` |
 *   `proof-too-short` | `proof-too-long`. Does not check that anybody vouches for the root.
 */
export function rootFromInclusion(inclusion: {
  readonly leafIndex: bigint;
  readonly treeSize: bigint;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): Uint8Array {
  const { leafIndex, treeSize, leafHash, proof } = inclusion;
  checkProof(proof, inclusionProofLength(leafIndex, treeSize));
  checkHash(leafHash, "the leaf hash");
  const { inner } = pathShape(leafIndex, treeSize);
  const met = chainInner(leafHash, proof.slice(0, inner), leafIndex);
  return chainBorder(met, proof.slice(inner));
}

/**
 * Verifies that a leaf is in a tree at an index (RFC 9162 §2.1.3.2).
 *
 * @param inclusion as for `rootFromInclusion`; `rootHash` is the 32-byte root to reach.
 * @throws MerkleError the codes of `rootFromInclusion`, and `root-mismatch`. Does not check who
 *   signed the root.
 */
export function verifyInclusion(inclusion: {
  readonly leafIndex: bigint;
  readonly treeSize: bigint;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly rootHash: Uint8Array;
}): void {
  checkHash(inclusion.rootHash, "the root hash");
  if (!bytesEqual(rootFromInclusion(inclusion), inclusion.rootHash)) {
    throw new MerkleError(
      "root-mismatch",
      `the inclusion proof of leaf ${inclusion.leafIndex} does not lead to the root of the tree`,
    );
  }
}

/**
 * How many hashes an inclusion proof has.
 * @throws MerkleError `size-out-of-range` | `index-out-of-range`
 */
export function inclusionProofLength(leafIndex: bigint, treeSize: bigint): number {
  checkTreeSize(treeSize);
  if (leafIndex < 0n || leafIndex >= treeSize) {
    throw new MerkleError(
      "index-out-of-range",
      `a tree of ${treeSize} leaves has no leaf of index ${leafIndex}`,
    );
  }
  const { inner, border } = pathShape(leafIndex, treeSize);
  return inner + border;
}
