// SPDX-License-Identifier: Apache-2.0
import { backend } from "#crypto";
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { ed25519Equation } from "./ed25519.ts";
import type { Ed25519PublicKey } from "./public-key.ts";

/** dom2(1, "") of RFC 8032 §5.1: prehashed, empty context. */
export const ED25519PH_DOMAIN: Uint8Array = concatBytes(
  utf8Bytes("SigEd25519 no Ed25519 collisions"),
  Uint8Array.of(1, 0),
);

/** Ed25519ph (RFC 8032 §5.1) with an empty context, from the SHA-512 digest of the message. */
export function verifyEd25519ph(
  key: Ed25519PublicKey,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const r = signature.subarray(0, 32);
  const hash = backend.hash("sha512", concatBytes(ED25519PH_DOMAIN, r, key.raw, digest));
  return ed25519Equation(key, signature, hash);
}
