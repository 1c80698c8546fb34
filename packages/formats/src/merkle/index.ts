// SPDX-License-Identifier: Apache-2.0

/**
 * Merkle trees of transparency logs (RFC 6962, RFC 9162 §2.1): hashing, and the verification of
 * inclusion and consistency proofs. Making proofs needs a store of hashes and belongs to the log;
 * who signed a root is a matter of the note that carries it.
 */
export { consistencyProofLength, verifyConsistency } from "./consistency.ts";
export { emptyRoot, leafHash, nodeHash } from "./hashing.ts";
export { inclusionProofLength, rootFromInclusion, verifyInclusion } from "./inclusion.ts";
export { MerkleError, type MerkleErrorCode } from "./merkle-error.ts";
