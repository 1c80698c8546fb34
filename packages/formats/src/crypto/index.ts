// SPDX-License-Identifier: Apache-2.0

/**
 * Hashes, public keys, the PublicKeyDetails registry and signature verification, over a message or
 * over its digest. Synchronous; the same in Node and browsers. Private keys are in `crypto/node`.
 */
export {
  type Algorithm,
  algorithmByFlag,
  algorithmByName,
  algorithmFits,
  algorithms,
  defaultAlgorithm,
  hashByOid,
  type HashName,
  hashOids,
  hashSizes,
  type MessageSigner,
  schemeHash,
  type SignatureScheme,
} from "./algorithms.ts";
export type { Hasher } from "./backend.ts";
export { ecdsaSignatureFromRaw, ecdsaSignatureToRaw } from "./ecdsa-signature.ts";
export { keyIdentifier } from "./key-identifier.ts";
export { createEd25519Verifier, type SignatureVerifier } from "./ed25519-stream.ts";
export {
  curveSizeBytes,
  decodePkcs1PublicKey,
  decodePublicKeyPem,
  decodeSpki,
  type EcCurve,
  type EcPublicKey,
  ecPublicKey,
  type Ed25519PublicKey,
  ed25519PublicKey,
  encodePublicKeyPem,
  type PublicKey,
  publicKeysEqual,
  type RsaPublicKey,
  rsaPublicKey,
} from "./public-key.ts";
export { createHasher, digestPath, hash, sha256, verifyDigest, verifySignature } from "./verify.ts";
