// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";

/** Verifies an ECDSA signature (DER) over a digest under a key in SPKI form. */
export type VerifyDigest = (spki: Uint8Array, digest: Uint8Array, signature: Uint8Array) => boolean;

let resolved: VerifyDigest | null | undefined;

/**
 * OpenSSL's `EVP_PKEY_verify` as the Node binary exports it, which `node:crypto` does not offer:
 * called through `koffi` where that optional package is installed, else undefined and the caller
 * falls back to pure JavaScript. Disabled by `CHANCERY_DIGEST_PATH=noble`.
 */
export function opensslVerifyDigest(): VerifyDigest | undefined {
  resolved ??= load() ?? null;
  return resolved ?? undefined;
}

/** OpenSSL's functions by C prototype. */
export interface NativeLibrary {
  func(prototype: string): (...parameters: unknown[]) => unknown;
}

/** The symbols of this process, or undefined where `koffi` is absent or disabled. */
export function libcrypto(): NativeLibrary | undefined {
  if (process.env["CHANCERY_DIGEST_PATH"] === "noble") return undefined;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as { load(path: null): NativeLibrary };
    return koffi.load(null);
  } catch {
    return undefined; // koffi is optional, and absent on platforms it has no binary for
  }
}

function load(): VerifyDigest | undefined {
  const library = libcrypto();
  if (!library) return undefined;
  try {
    return bind(library);
  } catch {
    return undefined; // a Node built against a shared OpenSSL does not export the symbols
  }
}

function bind(library: NativeLibrary): VerifyDigest {
  const decodeKey = library.func("void *d2i_PUBKEY(void *out, uint8_t **in, long length)");
  const freeKey = library.func("void EVP_PKEY_free(void *key)");
  const newContext = library.func("void *EVP_PKEY_CTX_new(void *key, void *engine)");
  const freeContext = library.func("void EVP_PKEY_CTX_free(void *context)");
  const init = library.func("int EVP_PKEY_verify_init(void *context)");
  const verify = library.func(
    "int EVP_PKEY_verify(void *context, uint8_t *signature, size_t signatureLength, " +
      "uint8_t *digest, size_t digestLength)",
  );
  const clearErrors = library.func("void ERR_clear_error()");
  const verifyUnder = (key: unknown, digest: Uint8Array, signature: Uint8Array): boolean => {
    const context = newContext(key, null);
    if (context === null) return false;
    try {
      return (
        init(context) === 1 &&
        verify(context, signature, signature.length, digest, digest.length) === 1
      );
    } finally {
      freeContext(context);
    }
  };
  return (spki, digest, signature) => {
    const key = decodeKey(null, [spki], spki.length);
    try {
      const verified = key !== null && verifyUnder(key, digest, signature);
      // What a failure leaves in the thread's error queue would be blamed on the next TLS read.
      if (!verified) clearErrors();
      return verified;
    } finally {
      if (key !== null) freeKey(key);
    }
  };
}
