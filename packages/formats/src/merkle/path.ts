// SPDX-License-Identifier: Apache-2.0
import { MerkleError } from "./merkle-error.ts";
import { nodeHash } from "./hashing.ts";

export const hashSizeBytes = 32;

/** Largest tree size: the services carry it as int64. It also bounds a proof to 64 hashes. */
const treeSizeMax = 0x7fff_ffff_ffff_ffffn;

/** @throws MerkleError `size-out-of-range` */
export function checkTreeSize(size: bigint): void {
  if (size < 0n || size > treeSizeMax) {
    throw new MerkleError("size-out-of-range", `a tree size of ${size} is not within 0 to 2^63-1`);
  }
}

/** @throws MerkleError `hash-malformed` */
export function checkHash(hash: Uint8Array, what: string): void {
  if (hash.length !== hashSizeBytes) {
    throw new MerkleError(
      "hash-malformed",
      `${what} has ${hash.length} bytes instead of ${hashSizeBytes}`,
    );
  }
}

/** @throws MerkleError `proof-too-short` | `proof-too-long` | `hash-malformed` */
export function checkProof(proof: readonly Uint8Array[], length: number): void {
  if (proof.length !== length) {
    throw new MerkleError(
      proof.length < length ? "proof-too-short" : "proof-too-long",
      `the proof has ${proof.length} hashes where the tree demands ${length}`,
    );
  }
  for (const [i, hash] of proof.entries()) checkHash(hash, `hash ${i} of the proof`);
}

/**
 * Shape of the path from a leaf to the root.
 *
 * Below the level where the path of the leaf meets the path of the last leaf (`inner` levels) there
 * is a sibling at every level; above it (`border`) only where the path turns right, since on the
 * other levels the last subtree has no sibling.
 */
export function pathShape(leafIndex: bigint, treeSize: bigint): { inner: number; border: number } {
  const inner = bitLength(leafIndex ^ (treeSize - 1n));
  return { inner, border: countOnes(leafIndex >> BigInt(inner)) };
}

/** Climbs siblings level by level; bit i of the index tells on which side sibling i stands. */
export function chainInner(
  start: Uint8Array,
  siblings: readonly Uint8Array[],
  index: bigint,
): Uint8Array {
  let hash = start;
  let rest = index;
  for (const sibling of siblings) {
    hash = (rest & 1n) === 0n ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
    rest >>= 1n;
  }
  return hash;
}

/** As `chainInner`, taking only siblings on the left: the path within an older, smaller tree. */
export function chainInnerLeft(
  start: Uint8Array,
  siblings: readonly Uint8Array[],
  index: bigint,
): Uint8Array {
  let hash = start;
  let rest = index;
  for (const sibling of siblings) {
    if ((rest & 1n) === 1n) hash = nodeHash(sibling, hash);
    rest >>= 1n;
  }
  return hash;
}

/** Climbs the right edge of the tree, where every sibling stands on the left. */
export function chainBorder(start: Uint8Array, siblings: readonly Uint8Array[]): Uint8Array {
  let hash = start;
  for (const sibling of siblings) hash = nodeHash(sibling, hash);
  return hash;
}

/** How many times the number can be halved; the number is not zero. */
export function trailingZeros(value: bigint): number {
  return bitLength(value & -value) - 1;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

function countOnes(value: bigint): number {
  let count = 0;
  for (let rest = value; rest > 0n; rest &= rest - 1n) count++;
  return count;
}
