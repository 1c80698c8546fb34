// SPDX-License-Identifier: Apache-2.0
import { keyOperation, opensslFunction } from "./openssl.ts";

/** Verifies an ECDSA signature (DER) over a digest under a key in SPKI form. */
export type VerifyDigest = (spki: Uint8Array, digest: Uint8Array, signature: Uint8Array) => boolean;

/**
 * OpenSSL's `EVP_PKEY_verify`, which `node:crypto` does not offer. Where it is not to be had the
 * caller falls back to pure JavaScript.
 */
export const opensslVerifyDigest: () => VerifyDigest | undefined = opensslFunction((library) => {
  const run = keyOperation(library, { decode: "d2i_PUBKEY", init: "EVP_PKEY_verify_init" });
  const verify = library.func(
    "int EVP_PKEY_verify(void *context, uint8_t *signature, size_t signatureLength, " +
      "uint8_t *digest, size_t digestLength)",
  );
  return (spki, digest, signature) =>
    run(spki, (context) => {
      const answer = verify(context, signature, signature.length, digest, digest.length);
      return answer === 1 ? true : undefined;
    }) ?? false;
});
