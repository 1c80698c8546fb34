// SPDX-License-Identifier: Apache-2.0
import { concatBytes, utf8Bytes } from "../bytes/index.ts";
import { type Ed25519PublicKey, type PublicKey, sha256 } from "../crypto/index.ts";

/** Bytes of a key hash in a signature line. */
export const noteKeyHashSizeBytes = 4;

/** Signature type bytes of C2SP signed-note. ECDSA (2) is not part of what its key ID hashes. */
export const signatureType = {
  ed25519: 1,
  ecdsa: 2,
  cosignatureV1: 4,
  treeHead: 5,
  other: 0xff,
} as const;

/** The long identifier that follows `signatureType.other` for RSA in Sigstore. */
export const rsaIdentifier: Uint8Array = utf8Bytes("PKIX-RSA-PKCS#1v1.5");

/**
 * The full key ID of a log that signs notes: its `logId` in Rekor v2.
 *
 * Ed25519: SHA-256(name ‖ 0A ‖ 01 ‖ raw key). ECDSA: SHA-256(SPKI), without the name (C2SP
 * signed-note). RSA: SHA-256(name ‖ 0A ‖ FF ‖ `PKIX-RSA-PKCS#1v1.5` ‖ SPKI) (rekor-tiles).
 *
 * @param name the key's name in signature lines, for Rekor v2 the origin.
 * @returns 32 bytes.
 */
export function logKeyId(name: string, key: PublicKey): Uint8Array {
  switch (key.type) {
    case "ed25519":
      return namedKeyId(name, signatureType.ed25519, key.raw);
    case "ec":
      return spkiKeyId(key);
    case "rsa":
      return namedKeyId(name, signatureType.other, rsaIdentifier, key.spki);
  }
}

/** SHA-256 of the SPKI DER, 32 bytes: the key ID in Rekor v1, whatever the key's type. */
export function spkiKeyId(key: PublicKey): Uint8Array {
  return sha256(key.spki);
}

/**
 * The full key ID of a witness that makes Ed25519 cosignatures: SHA-256(name ‖ 0A ‖ 04 ‖ raw key)
 * (C2SP tlog-cosignature), 32 bytes.
 */
export function cosignerKeyId(name: string, key: Ed25519PublicKey): Uint8Array {
  return namedKeyId(name, signatureType.cosignatureV1, key.raw);
}

/**
 * The full key ID of a CT log that signs tree heads: SHA-256(name ‖ 0A ‖ 05 ‖ LogID), where the
 * LogID is that of RFC 6962, SHA-256(SPKI) (C2SP static-ct-api). 32 bytes.
 */
export function treeHeadKeyId(name: string, key: PublicKey): Uint8Array {
  return namedKeyId(name, signatureType.treeHead, spkiKeyId(key));
}

/** The 4 bytes of a key ID that signature lines carry. */
export function noteKeyHash(keyId: Uint8Array): Uint8Array {
  return keyId.slice(0, noteKeyHashSizeBytes);
}

function namedKeyId(name: string, type: number, ...rest: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(utf8Bytes(`${name}\n`), Uint8Array.of(type), ...rest));
}
