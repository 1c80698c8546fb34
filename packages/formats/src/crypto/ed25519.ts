// SPDX-License-Identifier: Apache-2.0
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesEqual, decodeHex } from "../bytes/index.ts";
import type { Ed25519PublicKey } from "./public-key.ts";

const { Point } = ed25519;
const scalars = Point.Fn;

/**
 * The last step of verifying both variants: S·B = R + k·A (RFC 8032 §5.1.7 step 3), without the
 * cofactor: R is recomputed and its encoding compared, as OpenSSL does. (noble's own verification
 * multiplies by the cofactor and so accepts a few signatures that OpenSSL refuses.)
 *
 * @param hash SHA-512 of what the variant puts before the message and of the message: k, unreduced.
 */
export function ed25519Equation(
  key: Ed25519PublicKey,
  signature: Uint8Array,
  hash: Uint8Array,
): boolean {
  if (signature.length !== 64 || !isUsableEd25519Key(key.raw)) return false;
  const s = littleEndianNumber(signature.subarray(32));
  if (s >= scalars.ORDER) return false;
  try {
    const a = Point.fromBytes(key.raw, false);
    const k = scalars.create(littleEndianNumber(hash));
    const base = s === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s);
    const negated = k === 0n ? Point.ZERO : a.negate().multiplyUnsafe(k);
    return bytesEqual(base.add(negated).toBytes(), signature.subarray(0, 32));
  } catch {
    return false; // the key's bytes are not a point
  }
}

/** y of the points whose order divides 8, little-endian. */
const smallOrder: readonly Uint8Array[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => decodeHex(hex));

/**
 * Whether anything may verify under the key, decided on its bytes alone.
 *
 * Refused are points of small order, under which one signature fits many messages, and y at or
 * above 2^255-19, which would be a second encoding of a key. No signer makes either, and versions
 * of OpenSSL differ on them. Does not check that the bytes are a point of the curve.
 */
export function isUsableEd25519Key(raw: Uint8Array): boolean {
  const y = raw.slice();
  y[31] = (y[31] as number) & 0x7f;
  const beyond = y[31] === 0x7f && (y[0] as number) >= 0xed && y.subarray(1, 31).every(isFull);
  return !beyond && !smallOrder.some((point) => bytesEqual(point, y));
}

/** The unsigned integer that little-endian bytes stand for. */
export function littleEndianNumber(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

function isFull(byte: number): boolean {
  return byte === 0xff;
}
