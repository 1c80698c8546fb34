// SPDX-License-Identifier: Apache-2.0
import { libcrypto, type NativeLibrary } from "../openssl-digest.ts";

/** Signs a digest with an elliptic key in PKCS#8 form; the answer is DER. */
export type SignDigest = (pkcs8: Uint8Array, digest: Uint8Array) => Uint8Array;

/** DER of two 521-bit numbers is 139 bytes. */
const signatureBytesMax = 160;

let resolved: SignDigest | null | undefined;

/**
 * OpenSSL's `EVP_PKEY_sign`, found as `opensslVerifyDigest` finds its counterpart; undefined where
 * it is not to be had. There is no fallback: a nonce whose bits leak through timing gives the key
 * away, and pure JavaScript does not take constant time.
 */
export function opensslSignDigest(): SignDigest | undefined {
  resolved ??= load() ?? null;
  return resolved ?? undefined;
}

function load(): SignDigest | undefined {
  const library = libcrypto();
  if (!library) return undefined;
  try {
    return bind(library);
  } catch {
    return undefined; // a Node built against a shared OpenSSL does not export the symbols
  }
}

function bind(library: NativeLibrary): SignDigest {
  const decodeKey = library.func("void *d2i_AutoPrivateKey(void *out, uint8_t **in, long length)");
  const freeKey = library.func("void EVP_PKEY_free(void *key)");
  const newContext = library.func("void *EVP_PKEY_CTX_new(void *key, void *engine)");
  const freeContext = library.func("void EVP_PKEY_CTX_free(void *context)");
  const init = library.func("int EVP_PKEY_sign_init(void *context)");
  const sign = library.func(
    "int EVP_PKEY_sign(void *context, uint8_t *signature, _Inout_ size_t *signatureLength, " +
      "uint8_t *digest, size_t digestLength)",
  );
  return (pkcs8, digest) => {
    const key = decodeKey(null, [pkcs8], pkcs8.length);
    const context = key === null ? null : newContext(key, null);
    try {
      const signature = new Uint8Array(signatureBytesMax);
      const length = [signatureBytesMax];
      const signed =
        context !== null &&
        init(context) === 1 &&
        sign(context, signature, length, digest, digest.length) === 1;
      if (!signed) throw new Error("OpenSSL refused to sign a digest with a key that it accepted");
      return signature.slice(0, Number(length[0]));
    } finally {
      if (context !== null) freeContext(context);
      if (key !== null) freeKey(key);
    }
  };
}
