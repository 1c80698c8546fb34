// SPDX-License-Identifier: Apache-2.0
import {
  curveSizeBytes,
  ecdsaSignatureFromRaw,
  ecdsaSignatureToRaw,
  type PublicKey,
  type SignatureScheme,
  schemeHash,
  hashSizes,
  verifyDigest,
  verifySignature,
} from "@chancery/formats/crypto";
import { verifyDigestInPool, verifySignatureInPool } from "@chancery/formats/crypto/node";

/** Verifies signatures for the services, away from the event loop where the platform allows it. */
export interface SignatureChecks {
  message(
    key: PublicKey,
    scheme: SignatureScheme,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean>;
  /** Never pure Ed25519. A digest of another size than the scheme's hash does not verify. */
  digest(
    key: PublicKey,
    scheme: SignatureScheme,
    digest: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean>;
}

/** Checks in threads: requests are read and answered meanwhile. */
export const pooledChecks: SignatureChecks = {
  message: (key, scheme, message, signature) =>
    verifySignatureInPool(key, scheme, message, derSignature(key, signature)),
  digest: async (key, scheme, digest, signature) => {
    const hash = schemeHash(scheme);
    if (hash === undefined || hashSizes[hash] !== digest.length) return false;
    return verifyDigestInPool(key, scheme, digest, derSignature(key, signature));
  },
};

/** Checks on the calling thread. */
export const inlineChecks: SignatureChecks = {
  message: async (key, scheme, message, signature) =>
    verifySignature(key, scheme, message, derSignature(key, signature)),
  digest: async (key, scheme, digest, signature) => {
    const hash = schemeHash(scheme);
    if (hash === undefined || hashSizes[hash] !== digest.length) return false;
    return verifyDigest(key, scheme, digest, derSignature(key, signature));
  },
};

/**
 * ECDSA signatures come in DER or as r ‖ s (IEEE P1363): Rekor takes both and stores them as they
 * came. @returns DER where the signature is one of the two, else the signature.
 */
export function derSignature(key: PublicKey, signature: Uint8Array): Uint8Array {
  if (key.type !== "ec" || signature.length !== 2 * curveSizeBytes(key.curve)) return signature;
  if (ecdsaSignatureToRaw(signature, key.curve) !== undefined) return signature;
  return ecdsaSignatureFromRaw(signature);
}

/** Why a signature does not verify, in the words of Go's libraries that Rekor's clients show. */
export function verificationFailure(key: PublicKey): string {
  switch (key.type) {
    case "ec":
      return "invalid signature when validating ASN.1 encoded signature";
    case "rsa":
      return "crypto/rsa: verification error";
    case "ed25519":
      return "ed25519: invalid signature";
  }
}
