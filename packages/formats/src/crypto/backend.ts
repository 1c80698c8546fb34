// SPDX-License-Identifier: Apache-2.0
import type { HashName } from "./algorithms.ts";
import type { EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey } from "./public-key.ts";

/** Hash over chunks. `digest` ends it. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  digest(): Uint8Array;
}

/**
 * The primitives that differ between Node and browsers. Both backends pass the same vectors; what
 * is common (padding, encodings, Ed25519ph) is built on these in `verify.ts`.
 *
 * Verification never throws on bad signatures or on points off the curve: it answers false.
 */
export interface CryptoBackend {
  hash(name: HashName, data: Uint8Array): Uint8Array;
  createHasher(name: HashName): Hasher;
  /** ECDSA over a message; `signature` is DER. */
  verifyEcdsa(
    key: EcPublicKey,
    hash: HashName,
    message: Uint8Array,
    signature: Uint8Array,
  ): boolean;
  /** ECDSA over a digest that is already computed; `signature` is DER. */
  verifyEcdsaDigest(key: EcPublicKey, digest: Uint8Array, signature: Uint8Array): boolean;
  verifyEd25519(key: Ed25519PublicKey, message: Uint8Array, signature: Uint8Array): boolean;
  /** s^e mod n as bytes of the modulus' length, or undefined where s is not below n. */
  rsaPublic(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined;
  /** What computes `verifyEcdsaDigest` for the key, such as `openssl` or `noble`: for metrics. */
  digestPath(key: PublicKey): string;
}
