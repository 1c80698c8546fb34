// SPDX-License-Identifier: Apache-2.0
import {
  bytesEqual,
  concatBytes,
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeHex,
} from "../bytes/index.ts";
import { decodeSpki, ed25519PublicKey, type PublicKey } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { cosignatureVerifier } from "./cosignature.ts";
import { rsaIdentifier, signatureType } from "./key-id.ts";
import { isNoteKeyName } from "./note.ts";
import { type NoteVerifier, noteVerifier } from "./verify.ts";

/** What a verifier key says: whose signatures, and whether plain ones or a witness's. */
export interface VerifierKey {
  /** `cosignature` for type 04, to be checked by `verifyCosignature`; else `note`. */
  readonly kind: "note" | "cosignature";
  readonly verifier: NoteVerifier;
}

const FORMAT = "verifier key";
const textLengthMax = 4096;

/**
 * Reads a verifier key `<name>+<key hash in hex>+<base64 of type ‖ key>` (C2SP signed-note).
 *
 * Types 01 (Ed25519), 02 (ECDSA, SPKI), 04 (Ed25519 cosignature) and FF followed by Sigstore's
 * identifier of RSA keys (SPKI).
 *
 * @throws FormatError `malformed` for another form, or a hash that is not the key's;
 *   `non-canonical` for upper-case hex; `unsupported` for other types; `too-large`; the codes of
 *   keys and base64.
 */
export function parseVerifierKey(text: string): VerifierKey {
  if (text.length > textLengthMax) {
    throw error("too-large", "", `more than ${textLengthMax} characters`);
  }
  const [name, hash, ...rest] = text.split("+");
  // The base64 part may itself contain a plus.
  if (name === undefined || hash === undefined || rest.length === 0) {
    throw error("malformed", "", "not of the form <name>+<hash>+<key>");
  }
  if (!isNoteKeyName(name)) throw error("malformed", "name", "is empty or not allowed");
  const keyHash = decodeHex(hash, "verifier key hash");
  if (hash !== encodeHex(keyHash)) throw error("non-canonical", "hash", "is not in lower case");
  const parsed = fromMaterial(name, decodeBase64(rest.join("+"), "verifier key"));
  if (!bytesEqual(keyHash, parsed.verifier.keyHash)) {
    const own = encodeHex(parsed.verifier.keyHash);
    throw error("malformed", "hash", `is ${hash} where that of this name and key is ${own}`);
  }
  return parsed;
}

/**
 * Writes a verifier key, the inverse of `parseVerifierKey`.
 * @throws FormatError its codes, among others where the key hash is not that of name and key: keys
 *   of Rekor v1 other than ECDSA have no such form.
 */
export function encodeVerifierKey(verifierKey: VerifierKey): string {
  const { kind, verifier } = verifierKey;
  const material = encodeBase64(toMaterial(kind, verifier.key));
  const text = `${verifier.name}+${encodeHex(verifier.keyHash)}+${material}`;
  parseVerifierKey(text);
  return text;
}

function fromMaterial(name: string, material: Uint8Array): VerifierKey {
  const key = material.subarray(1);
  switch (material[0]) {
    case signatureType.ed25519:
      return { kind: "note", verifier: noteVerifier(name, ed25519PublicKey(key)) };
    case signatureType.ecdsa:
      return { kind: "note", verifier: noteVerifier(name, spkiOfType(key, "ec")) };
    case signatureType.cosignatureV1:
      return { kind: "cosignature", verifier: cosignatureVerifier(name, ed25519PublicKey(key)) };
    case signatureType.other:
      if (bytesEqual(key.subarray(0, rsaIdentifier.length), rsaIdentifier)) {
        const spki = key.subarray(rsaIdentifier.length);
        return { kind: "note", verifier: noteVerifier(name, spkiOfType(spki, "rsa")) };
      }
      throw error("unsupported", "type", "a signature type of others");
    case undefined:
      throw error("truncated", "key", "is empty");
    default:
      throw error("unsupported", "type", `signature type ${material[0]}`);
  }
}

function toMaterial(kind: VerifierKey["kind"], key: PublicKey): Uint8Array {
  switch (key.type) {
    case "ed25519": {
      const type = kind === "note" ? signatureType.ed25519 : signatureType.cosignatureV1;
      return concatBytes(Uint8Array.of(type), key.raw);
    }
    case "ec":
      return concatBytes(Uint8Array.of(signatureType.ecdsa), key.spki);
    case "rsa":
      return concatBytes(Uint8Array.of(signatureType.other), rsaIdentifier, key.spki);
  }
}

function spkiOfType(spki: Uint8Array, type: PublicKey["type"]): PublicKey {
  const key = decodeSpki(spki);
  if (key.type !== type) throw error("malformed", "key", `is ${key.type} where ${type} belongs`);
  return key;
}

function error(code: FormatErrorCode, place: string, problem: string): FormatError {
  return new FormatError(code, FORMAT, place, problem);
}
