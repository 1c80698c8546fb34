// SPDX-License-Identifier: Apache-2.0
import { bigintFromBytes } from "../bytes/index.ts";
import { derSequence, derUnsigned, readDer } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { curveSizeBytes, type EcCurve } from "./public-key.ts";

/**
 * Takes an ECDSA-Sig-Value (RFC 3279 §2.2.3) apart: strict DER, both integers positive.
 * @returns r ‖ s, each of the curve's size, or undefined where the encoding is not allowed or a
 *   number is zero, negative or too long. The upper bound n is left to the verification.
 */
export function ecdsaSignatureToRaw(signature: Uint8Array, curve: EcCurve): Uint8Array | undefined {
  const size = curveSizeBytes(curve);
  const raw = new Uint8Array(2 * size);
  try {
    readDer(signature, "ECDSA signature", (reader) => {
      const sequence = reader.sequence();
      for (const end of [size, 2 * size]) {
        let bytes = sequence.integerBytes();
        if ((bytes[0] as number) >= 0x80 || bigintFromBytes(bytes) === 0n) {
          throw sequence.error("out-of-range", "r or s is not positive");
        }
        if (bytes[0] === 0) bytes = bytes.subarray(1);
        if (bytes.length > size) throw sequence.error("out-of-range", "r or s is too long");
        raw.set(bytes, end - bytes.length);
      }
      sequence.end();
    });
  } catch (cause) {
    // A malformed signature is a wrong signature.
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
  return raw;
}

/** The DER form of r ‖ s. */
export function ecdsaSignatureFromRaw(raw: Uint8Array): Uint8Array {
  const size = raw.length / 2;
  return derSequence(derUnsigned(raw.subarray(0, size)), derUnsigned(raw.subarray(size)));
}
