// SPDX-License-Identifier: Apache-2.0
import { backend } from "#crypto";
import { bytesEqual, concatBytes } from "../bytes/index.ts";
import { derNull, derOctetString, derOid, derSequence } from "../der/index.ts";
import { type HashName, hashOids, hashSizes } from "./algorithms.ts";
import type { CryptoBackend } from "./backend.ts";
import type { RsaPublicKey } from "./public-key.ts";

/** DigestInfo of PKCS#1 v1.5 (RFC 8017 §9.2): what is signed in the place of the message. */
export function digestInfo(hash: HashName, digest: Uint8Array): Uint8Array {
  return derSequence(derSequence(derOid(hashOids[hash]), derNull()), derOctetString(digest));
}

/**
 * RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2): the encoded message is rebuilt and compared whole, so that
 * no lax parser can be fooled. A DigestInfo without its NULL, which RFC 8017 §A.2.4 lets verifiers
 * accept, is refused: no signer here makes it.
 *
 * @param primitives the backend to use.
 */
export function verifyPkcs1(
  primitives: Pick<CryptoBackend, "rsaPublic">,
  key: RsaPublicKey,
  hash: HashName,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const encoded = primitives.rsaPublic(key, signature);
  if (!encoded) return false;
  const info = digestInfo(hash, digest);
  const padding = new Uint8Array(key.modulus.length - info.length - 3).fill(0xff);
  return bytesEqual(encoded, concatBytes(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info));
}

/**
 * RSASSA-PSS (RFC 8017 §8.1.2) with MGF1 over the same hash. The salt may have any length, as the
 * original signers choose the longest that fits, others the digest's.
 *
 * @param primitives the backend to use.
 * @param saltBytes the one length to accept; any when absent.
 */
export function verifyPss(
  primitives: Pick<CryptoBackend, "rsaPublic">,
  key: RsaPublicKey,
  hash: HashName,
  digest: Uint8Array,
  signature: Uint8Array,
  saltBytes?: number,
): boolean {
  const decrypted = primitives.rsaPublic(key, signature);
  if (!decrypted) return false;
  // emBits is one less than the modulus: a modulus of 8k+1 bits has one more byte, which is zero.
  const encodedBits = key.modulusBits - 1;
  const length = Math.ceil(encodedBits / 8);
  if (decrypted.length > length && decrypted[0] !== 0) return false;
  const encoded = decrypted.subarray(decrypted.length - length);
  const size = hashSizes[hash];
  const maskedLength = length - size - 1;
  if (maskedLength < 1 || encoded[length - 1] !== 0xbc) return false;
  const clearBits = 8 * length - encodedBits;
  if ((encoded[0] as number) >> (8 - clearBits) !== 0 && clearBits > 0) return false;
  const expected = encoded.subarray(maskedLength, maskedLength + size);
  const block = xor(encoded.subarray(0, maskedLength), mgf1(hash, expected, maskedLength));
  block[0] = (block[0] as number) & (0xff >> clearBits);
  const saltStart = block.findIndex((byte) => byte !== 0) + 1;
  if (saltStart === 0 || block[saltStart - 1] !== 1) return false;
  const salt = block.subarray(saltStart);
  if (saltBytes !== undefined && salt.length !== saltBytes) return false;
  return bytesEqual(backend.hash(hash, concatBytes(new Uint8Array(8), digest, salt)), expected);
}

/** MGF1 (RFC 8017 §B.2.1): a mask of `length` bytes. */
export function mgf1(hash: HashName, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let i = 0; i * hashSizes[hash] < length; i++) {
    blocks.push(backend.hash(hash, concatBytes(seed, Uint8Array.of(0, 0, i >> 8, i & 255))));
  }
  return concatBytes(...blocks).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number));
}
