// SPDX-License-Identifier: Apache-2.0

/** Why a proof was refused. */
export type MerkleErrorCode =
  | "size-out-of-range" // a tree size that is negative, above 2^63-1, or below the older one
  | "index-out-of-range" // a leaf index that the tree does not have
  | "hash-malformed" // a hash that is not of 32 bytes
  | "proof-too-short"
  | "proof-too-long"
  | "old-root-mismatch" // the proof does not lead to the older root
  | "root-mismatch"; // the proof does not lead to the root

/** Refusal of an inclusion or consistency proof. */
export class MerkleError extends Error {
  override readonly name = "MerkleError";
  readonly code: MerkleErrorCode;

  constructor(code: MerkleErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
