// SPDX-License-Identifier: Apache-2.0
import { backend } from "#crypto";
import { ed25519Equation } from "./ed25519.ts";
import type { Ed25519PublicKey } from "./public-key.ts";

/** A verification fed in chunks. `finish` ends it. */
export interface SignatureVerifier {
  update(chunk: Uint8Array): void;
  finish(): boolean;
}

/**
 * Verifies pure Ed25519 (RFC 8032 §5.1.7) over content of any size, read once in constant memory;
 * decides as `verifySignature` over the whole content. A malformed signature or key is false.
 */
export function createEd25519Verifier(
  key: Ed25519PublicKey,
  signature: Uint8Array,
): SignatureVerifier {
  const hasher = backend.createHasher("sha512");
  hasher.update(signature.subarray(0, 32));
  hasher.update(key.raw);
  return {
    update: (chunk) => hasher.update(chunk),
    finish: () => ed25519Equation(key, signature, hasher.digest()),
  };
}
