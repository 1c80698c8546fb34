// SPDX-License-Identifier: Apache-2.0
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { bigintFromBytes, concatBytes } from "../bytes/index.ts";
import { ecdsaSignatureToRaw } from "./ecdsa-signature.ts";
import { ed25519Equation } from "./ed25519.ts";
import type { EcCurve, EcPublicKey, Ed25519PublicKey, RsaPublicKey } from "./public-key.ts";

const nobleCurves = { "P-256": p256, "P-384": p384, "P-521": p521 } as const satisfies Record<
  EcCurve,
  unknown
>;

/** ECDSA over a digest in pure JavaScript: verification only, so timing reveals nothing secret. */
export function nobleEcdsaDigest(
  key: EcPublicKey,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const raw = ecdsaSignatureToRaw(signature, key.curve);
  if (!raw) return false;
  try {
    return nobleCurves[key.curve].verify(raw, digest, key.point, { prehash: false, lowS: false });
  } catch {
    return false; // thrown for points off the curve and for r or s not below n
  }
}

/** Ed25519 (RFC 8032 §5.1.7). */
export function nobleEd25519(
  key: Ed25519PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const hash = sha512(concatBytes(signature.subarray(0, 32), key.raw, message));
  return ed25519Equation(key, signature, hash);
}

/** s^e mod n with bigints. */
export function bigintRsaPublic(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  const n = bigintFromBytes(key.modulus);
  let base = bigintFromBytes(signature);
  if (signature.length !== key.modulus.length || base >= n) return undefined;
  let result = 1n;
  for (let e = key.exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = (result * base) % n;
    base = (base * base) % n;
  }
  const out = new Uint8Array(key.modulus.length);
  for (let i = out.length - 1; i >= 0; i--) {
    out[i] = Number(result & 255n);
    result >>= 8n;
  }
  return out;
}
