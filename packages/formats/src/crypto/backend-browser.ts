// SPDX-License-Identifier: Apache-2.0
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { CryptoBackend } from "./backend.ts";
import { bigintRsaPublic, nobleEcdsaDigest, nobleEd25519 } from "./noble.ts";

const hashes = { sha256, sha384, sha512 } as const;

/** Pure JavaScript: synchronous where WebCrypto is not, and the fallback of the Node backend. */
export const backend: CryptoBackend = {
  hash: (name, data) => hashes[name](data),
  createHasher(name) {
    const hasher = hashes[name].create();
    return { update: (chunk) => void hasher.update(chunk), digest: () => hasher.digest() };
  },
  verifyEcdsa: (key, hash, message, signature) =>
    nobleEcdsaDigest(key, hashes[hash](message), signature),
  verifyEcdsaDigest: nobleEcdsaDigest,
  verifyEd25519: nobleEd25519,
  rsaPublic: bigintRsaPublic,
  digestPath: (key) => (key.type === "rsa" ? "bigint" : "noble"),
};
