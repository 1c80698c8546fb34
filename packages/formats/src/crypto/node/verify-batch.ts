// SPDX-License-Identifier: Apache-2.0
import { ByteReader } from "../../bytes/index.ts";
import { type HashName, hashSizes, schemeHash, type SignatureScheme } from "../algorithms.ts";
import { decodeSpki, type PublicKey } from "../public-key.ts";
import { verifyDigest, verifySignature } from "../verify.ts";

/** One signature to verify: the parameters of `verifySignature` or `verifyDigest`. */
export interface SignatureCheck {
  readonly over: "message" | "digest";
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  /** The message or its digest. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** What came of a check, in one byte. */
export const outcome = { refused: 0, verified: 1, threw: 2 } as const;

const hashNames = Object.keys(hashSizes) as HashName[];
const schemes: readonly SignatureScheme[] = [
  ...hashNames.map((hash) => ({ kind: "ecdsa", hash }) as const),
  ...hashNames.map((hash) => ({ kind: "rsa-pkcs1v15", hash }) as const),
  ...hashNames.map((hash) => ({ kind: "rsa-pss", hash }) as const),
  { kind: "ed25519" },
  { kind: "ed25519ph" },
];

const headerSizeBytes = 14;

/** Bytes that a check takes in a batch. */
export function packedSizeBytes({ key, signed, signature }: SignatureCheck): number {
  return headerSizeBytes + key.spki.length + signed.length + signature.length;
}

/**
 * Copies checks into one buffer to hand over to another thread:
 * (u8 over a digest ‖ u8 scheme ‖ u32 ‖ SPKI ‖ u32 ‖ signed ‖ u32 ‖ signature) × count.
 */
export function packChecks(checks: readonly SignatureCheck[]): ArrayBuffer {
  const size = checks.reduce((sum, check) => sum + packedSizeBytes(check), 0);
  const packed = new Uint8Array(size);
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { over, key, scheme, signed, signature } of checks) {
    packed[at++] = over === "digest" ? 1 : 0;
    packed[at++] = schemeNumber(scheme);
    for (const part of [key.spki, signed, signature]) {
      view.setUint32(at, part.length);
      packed.set(part, at + 4);
      at += 4 + part.length;
    }
  }
  return packed.buffer;
}

/** Makes the checks of a batch. @returns the outcome of each, in their order */
export function runChecks(packed: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const reader = new ByteReader(new Uint8Array(packed), "signature checks");
  const outcomes: number[] = [];
  while (reader.remaining > 0) {
    const verify = reader.uint(1) === 1 ? verifyDigest : verifySignature;
    const scheme = schemes[reader.uint(1)] as SignatureScheme;
    const [spki, signed, signature] = [reader.vector(4), reader.vector(4), reader.vector(4)];
    try {
      const verified = verify(decodeSpki(spki), scheme, signed, signature);
      outcomes.push(verified ? outcome.verified : outcome.refused);
    } catch {
      outcomes.push(outcome.threw); // whoever asked makes this check again, and sees the error
    }
  }
  return Uint8Array.from(outcomes);
}

function schemeNumber(scheme: SignatureScheme): number {
  const hash = schemeHash(scheme);
  return schemes.findIndex((known) => known.kind === scheme.kind && schemeHash(known) === hash);
}
