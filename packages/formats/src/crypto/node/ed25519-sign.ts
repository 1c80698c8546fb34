// SPDX-License-Identifier: Apache-2.0
import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes } from "../../bytes/index.ts";
import { littleEndianNumber } from "../ed25519.ts";
import { ED25519PH_DOMAIN } from "../ed25519ph.ts";
import { hash } from "../verify.ts";
import { wipe } from "./ciphers.ts";

// Node offers Ed25519 over a whole message only, so what is here does the last step of RFC 8032
// §5.1.6 itself, with noble's base point multiplication. It takes the same steps for every scalar,
// but JavaScript's bigints do not take the same time for every number: someone who can ask for many
// signatures and time each to fractions of a microsecond might learn something. That is no concern
// for a person or a build that signs files; a service that signs on request should sign with ECDSA
// or pure Ed25519 through `sign`, which OpenSSL computes in constant time.
const { Point } = ed25519;
const scalars = Point.Fn;

/**
 * Ed25519ph (RFC 8032 §5.1) with an empty context, from the SHA-512 digest of the message.
 * @param seed the 32 secret bytes of the key; wiped.
 * @param raw its public key.
 */
export function signEd25519ph(seed: Uint8Array, raw: Uint8Array, digest: Uint8Array): Uint8Array {
  const secret = expandEd25519(seed);
  try {
    const nonce = ed25519Nonce(hashOf(ED25519PH_DOMAIN, secret.prefix, digest));
    return finishEd25519(secret, nonce, hashOf(ED25519PH_DOMAIN, nonce.point, raw, digest));
  } finally {
    wipe(secret.prefix);
  }
}

/** What RFC 8032 §5.1.5 makes of the seed. */
export interface Ed25519Secret {
  readonly scalar: bigint;
  /** Goes before the message where the nonce is made. */
  readonly prefix: Uint8Array;
}

/** Step 1. @param seed the 32 secret bytes of the key; wiped. */
export function expandEd25519(seed: Uint8Array): Ed25519Secret {
  const { scalar: number, prefix, head } = ed25519.utils.getExtendedPublicKey(seed);
  const copy = prefix.slice(); // `prefix` may share memory with `head`
  wipe(seed, prefix, head);
  return { scalar: number, prefix: copy };
}

/** A nonce r and the bytes of its point R. */
export interface Ed25519Nonce {
  readonly scalar: bigint;
  readonly point: Uint8Array;
}

/** Steps 2 and 3. @param digest SHA-512 of the variant's start, prefix and message; wiped. */
export function ed25519Nonce(digest: Uint8Array): Ed25519Nonce {
  const r = reduce(digest);
  wipe(digest);
  return { scalar: r, point: Point.BASE.multiply(r).toBytes() };
}

/**
 * Steps 4 to 6: R ‖ S with S = r + k·s.
 * @param digest SHA-512 of the variant's start, R, the public key and the message.
 */
export function finishEd25519(
  secret: Ed25519Secret,
  nonce: Ed25519Nonce,
  digest: Uint8Array,
): Uint8Array {
  const s = scalars.add(nonce.scalar, scalars.mul(reduce(digest), secret.scalar));
  return concatBytes(nonce.point, scalars.toBytes(s));
}

function reduce(digest: Uint8Array): bigint {
  return scalars.create(littleEndianNumber(digest));
}

function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  const input = concatBytes(...parts);
  const digest = hash("sha512", input);
  wipe(input);
  return digest;
}
