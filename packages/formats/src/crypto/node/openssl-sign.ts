// SPDX-License-Identifier: Apache-2.0
import { keyOperation, opensslFunction } from "../openssl.ts";

/** Signs a digest with an elliptic key in PKCS#8 form; the answer is DER. */
export type SignDigest = (pkcs8: Uint8Array, digest: Uint8Array) => Uint8Array;

/** DER of two 521-bit numbers is 139 bytes. */
const signatureBytesMax = 160;

/**
 * OpenSSL's `EVP_PKEY_sign`, found as `opensslVerifyDigest` finds its counterpart; undefined where
 * it is not to be had. There is no fallback: a nonce whose bits leak through timing gives the key
 * away, and pure JavaScript does not take constant time.
 */
export const opensslSignDigest: () => SignDigest | undefined = opensslFunction((library) => {
  const run = keyOperation(library, { decode: "d2i_AutoPrivateKey", init: "EVP_PKEY_sign_init" });
  const sign = library.func(
    "int EVP_PKEY_sign(void *context, uint8_t *signature, _Inout_ size_t *signatureLength, " +
      "uint8_t *digest, size_t digestLength)",
  );
  return (pkcs8, digest) => {
    const signature = new Uint8Array(signatureBytesMax);
    const length = [signatureBytesMax];
    const signed = run(pkcs8, (context) => {
      const answer = sign(context, signature, length, digest, digest.length);
      return answer === 1 ? signature.slice(0, Number(length[0])) : undefined;
    });
    if (signed) return signed;
    throw new Error("OpenSSL refused to sign a digest with a key that it accepted");
  };
});
