// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import type { CryptoBackend } from "./backend.ts";
import { nobleEcdsaDigest } from "./noble.ts";
import { opensslVerifyDigest } from "./openssl-digest.ts";
import type { PublicKey } from "./public-key.ts";

/** Native cryptography of Node (OpenSSL). */
export const backend: CryptoBackend = {
  hash: (name, data) => plain(crypto.hash(name, data, "buffer")),
  createHasher(name) {
    const hasher = crypto.createHash(name);
    return { update: (chunk) => void hasher.update(chunk), digest: () => plain(hasher.digest()) };
  },
  verifyEcdsa(key, hash, message, signature) {
    const native = keyObject(key);
    return native !== undefined && crypto.verify(hash, message, native, signature);
  },
  verifyEcdsaDigest(key, digest, signature) {
    const native = opensslVerifyDigest();
    return native ? native(key.spki, digest, signature) : nobleEcdsaDigest(key, digest, signature);
  },
  verifyEd25519(key, message, signature) {
    const native = keyObject(key);
    return native !== undefined && crypto.verify(null, message, native, signature);
  },
  rsaPublic(key, signature) {
    const native = keyObject(key);
    if (native === undefined || signature.length !== key.modulus.length) return undefined;
    try {
      return plain(
        crypto.publicDecrypt({ key: native, padding: crypto.constants.RSA_NO_PADDING }, signature),
      );
    } catch {
      return undefined; // a signature that is not below the modulus
    }
  },
  digestPath(key) {
    if (key.type === "ed25519") return "noble"; // Ed25519ph, which OpenSSL does not do over a digest
    return key.type === "ec" && !opensslVerifyDigest() ? "noble" : "openssl";
  },
};

/** Not a Buffer, whose `slice` aliases and which compares unequal to the same bytes elsewhere. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Parsing costs as much as verifying, and the keys of a trusted root are used again and again. */
const keyObjects = new WeakMap<PublicKey, crypto.KeyObject | "refused">();

function keyObject(key: PublicKey): crypto.KeyObject | undefined {
  let found = keyObjects.get(key);
  if (found === undefined) {
    found = importKey(key.spki);
    keyObjects.set(key, found);
  }
  return found === "refused" ? undefined : found;
}

function importKey(spki: Uint8Array): crypto.KeyObject | "refused" {
  try {
    return crypto.createPublicKey({ key: spki as Buffer, format: "der", type: "spki" });
  } catch {
    return "refused"; // OpenSSL refuses points off the curve: nothing verifies under such a key
  }
}
