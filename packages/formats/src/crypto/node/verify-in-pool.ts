// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import { hashSizes, type SignatureScheme } from "../algorithms.ts";
import { isUsableEd25519Key } from "../ed25519.ts";
import { opensslFunction } from "../openssl.ts";
import type { PublicKey } from "../public-key.ts";
import { verifyDigest, verifySignature } from "../verify.ts";

// The same answers as `verify.ts`, given later: the arithmetic of ECDSA and Ed25519 is done in
// libuv's thread pool. RSA, which is cheap to verify, and what has no native form is done at once.
// The bytes handed in must not change before the promise is settled.

/** As `verifySignature`, off the event loop where that pays. */
export async function verifySignatureInPool(
  key: PublicKey,
  scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.type === "ec" && scheme.kind === "ecdsa") {
    return nativeVerify(key, scheme.hash, message, signature);
  }
  if (key.type === "ed25519" && scheme.kind === "ed25519") {
    return isUsableEd25519Key(key.raw) && nativeVerify(key, null, message, signature);
  }
  return verifySignature(key, scheme, message, signature);
}

/**
 * As `verifyDigest`, off the event loop where that pays and OpenSSL's function can be called.
 * @throws FormatError as `verifyDigest`
 */
export async function verifyDigestInPool(
  key: PublicKey,
  scheme: SignatureScheme,
  digest: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const native = opensslVerifyDigestInPool();
  if (native && key.type === "ec" && scheme.kind === "ecdsa") {
    if (digest.length === hashSizes[scheme.hash]) return native(key.spki, digest, signature);
  }
  return verifyDigest(key, scheme, digest, signature);
}

function nativeVerify(
  key: PublicKey,
  hash: string | null,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  let native: crypto.KeyObject;
  try {
    const input = { key: key.spki, format: "der", type: "spki" } as crypto.PublicKeyInput;
    native = crypto.createPublicKey(input);
  } catch {
    return Promise.resolve(false); // a point off its curve: nothing verifies under such a key
  }
  return new Promise((resolve) => {
    crypto.verify(hash, message, native, signature, (error, verified) =>
      resolve(error === null && verified),
    );
  });
}

/**
 * Native calls handed to the pool at once: more than it has threads, so that none is idle, and as
 * many as koffi keeps memory for; it refuses what is far above.
 */
const slotsMax = 8;

/** Lets so many run, the others in the order they came. */
const slots = {
  taken: 0,
  waiting: [] as (() => void)[],
  take(run: () => void): void {
    if (this.taken >= slotsMax) return void this.waiting.push(run);
    this.taken++;
    run();
  },
  free(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.taken--;
  },
};

type VerifyDigestInPool = (
  spki: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
) => Promise<boolean>;

/** A native function that koffi can also run in the pool. */
interface PooledFunction {
  (...parameters: unknown[]): unknown;
  async(...parameters: unknown[]): void;
}

/**
 * `EVP_PKEY_verify` in the pool; reading the key and making the context, which allocate, stay here.
 * OpenSSL's error queue is one a thread: what a failure leaves in that of a pool thread is taken by
 * Node's own jobs, which mark and clear theirs.
 */
const opensslVerifyDigestInPool: () => VerifyDigestInPool | undefined = opensslFunction(
  (library) => {
    const decodeKey = library.func("void *d2i_PUBKEY(void *out, uint8_t **in, long length)");
    const freeKey = library.func("void EVP_PKEY_free(void *key)");
    const newContext = library.func("void *EVP_PKEY_CTX_new(void *key, void *engine)");
    const freeContext = library.func("void EVP_PKEY_CTX_free(void *context)");
    const init = library.func("int EVP_PKEY_verify_init(void *context)");
    const clearErrors = library.func("void ERR_clear_error()");
    const verify = library.func(
      "int EVP_PKEY_verify(void *context, uint8_t *signature, size_t signatureLength, " +
        "uint8_t *digest, size_t digestLength)",
    ) as PooledFunction;
    return (spki, digest, signature) => {
      const key = decodeKey(null, [spki], spki.length);
      const context = key === null ? null : newContext(key, null);
      const free = (): void => {
        if (context !== null) freeContext(context);
        if (key !== null) freeKey(key);
      };
      if (context === null || init(context) !== 1) {
        clearErrors();
        free();
        return Promise.resolve(false);
      }
      return new Promise((resolve, reject) => {
        const done = (error: unknown, answer: unknown): void => {
          free();
          slots.free();
          if (error) reject(error as Error);
          else resolve(answer === 1);
        };
        slots.take(() => {
          verify.async(context, signature, signature.length, digest, digest.length, done);
        });
      });
    };
  },
);
