// SPDX-License-Identifier: Apache-2.0
import { backend } from "#crypto";
import { FormatError } from "../errors/index.ts";
import { type HashName, hashSizes, schemeHash, type SignatureScheme } from "./algorithms.ts";
import type { Hasher } from "./backend.ts";
import { isUsableEd25519Key } from "./ed25519.ts";
import { verifyEd25519ph } from "./ed25519ph.ts";
import type { PublicKey } from "./public-key.ts";
import { verifyPkcs1, verifyPss } from "./rsa.ts";

/** Digest of the data. */
export function hash(name: HashName, data: Uint8Array): Uint8Array {
  return backend.hash(name, data);
}

/** SHA-256 of the data. */
export function sha256(data: Uint8Array): Uint8Array {
  return backend.hash("sha256", data);
}

/** A hash fed in chunks. */
export function createHasher(name: HashName): Hasher {
  return backend.createHasher(name);
}

/**
 * Whether the signature over the message verifies under the key.
 *
 * ECDSA signatures are strict DER (RFC 3279), RSA ones as long as the modulus, Ed25519 without the
 * cofactor. A malformed signature, a key of another type, a point off its curve or an Ed25519 key
 * of small order is false.
 */
export function verifySignature(
  key: PublicKey,
  scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (scheme.kind) {
    case "ecdsa":
      return key.type === "ec" && backend.verifyEcdsa(key, scheme.hash, message, signature);
    case "ed25519":
      return (
        key.type === "ed25519" &&
        isUsableEd25519Key(key.raw) &&
        backend.verifyEd25519(key, message, signature)
      );
    default:
      return verifyDigest(
        key,
        scheme,
        backend.hash(schemeHash(scheme) as HashName, message),
        signature,
      );
  }
}

/**
 * As `verifySignature`, where only the digest of the message is at hand.
 *
 * @param digest of the scheme's hash (`schemeHash`).
 * @throws FormatError `unsupported` for pure Ed25519, which needs the message; `out-of-range` where
 *   the digest has not the hash's size.
 */
export function verifyDigest(
  key: PublicKey,
  scheme: SignatureScheme,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const name = schemeHash(scheme);
  if (name === undefined) {
    throw new FormatError(
      "unsupported",
      "signature",
      "",
      "Ed25519 needs the message, not its digest",
    );
  }
  if (digest.length !== hashSizes[name]) {
    throw new FormatError("out-of-range", "signature", "", `a digest of ${digest.length} bytes`);
  }
  switch (scheme.kind) {
    case "ecdsa":
      return key.type === "ec" && backend.verifyEcdsaDigest(key, digest, signature);
    case "rsa-pkcs1v15":
      return key.type === "rsa" && verifyPkcs1(backend, key, name, digest, signature);
    case "rsa-pss":
      return key.type === "rsa" && verifyPss(backend, key, name, digest, signature);
    default:
      return key.type === "ed25519" && verifyEd25519ph(key, digest, signature);
  }
}

/** What computes a prehashed check under the key here: `openssl`, `noble` or `bigint`. */
export function digestPath(key: PublicKey): string {
  return backend.digestPath(key);
}
