// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, uintBytes, utf8Bytes } from "../bytes/index.ts";
import { type Ed25519PublicKey, verifySignature } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import { cosignerKeyId, noteKeyHash } from "./key-id.ts";
import type { NoteSignature, SignedNote } from "./note.ts";
import { type NoteVerifier, verifyLines } from "./verify.ts";

/** As `NoteVerification`; `timestamp` is in POSIX seconds, and part of what is signed. */
export type CosignatureVerification =
  | {
      readonly status: "verified";
      readonly signature: NoteSignature;
      readonly timestamp: bigint;
    }
  | { readonly status: "absent" }
  | { readonly status: "invalid"; readonly signature: NoteSignature };

const FORMAT = "cosignature";
const TIMESTAMP_MAX = 0x7fff_ffff_ffff_ffffn;
const signatureSizeBytes = 64;

/** The verifier of a witness that makes Ed25519 cosignatures (signature type 04). */
export function cosignatureVerifier(name: string, key: Ed25519PublicKey): NoteVerifier {
  const keyHash = noteKeyHash(cosignerKeyId(name, key));
  return { name, keyHash, key, scheme: { kind: "ed25519" } };
}

/**
 * Checks the cosignatures of a known witness on a checkpoint (C2SP tlog-cosignature, Ed25519).
 *
 * Lines are chosen as in `verifyNoteSignature`; a line with a malformed body is `invalid`. Where a
 * witness has several lines, all must verify and the first one's time is answered.
 *
 * Does not check that the text is a checkpoint, nor the time against any clock.
 * @param verifier made by `cosignatureVerifier`.
 */
export function verifyCosignature(
  note: SignedNote,
  verifier: NoteVerifier,
): CosignatureVerification {
  const found = verifyLines(note, verifier, (body) => {
    const cosignature = tryDecode(body);
    if (!cosignature) return false;
    const message = cosignatureMessage(note.textBytes, cosignature.timestamp);
    return verifySignature(verifier.key, verifier.scheme, message, cosignature.signature);
  });
  if (found.status !== "verified") return found;
  return { ...found, timestamp: decodeCosignature(found.signature.signature).timestamp };
}

/**
 * The message of an Ed25519 cosignature: `cosignature/v1`, the time, and the whole text.
 * @param textBytes the note's text with its last newline, extension lines included.
 * @param timestamp POSIX seconds. @throws FormatError `out-of-range` outside 0 to 2^63-1
 */
export function cosignatureMessage(textBytes: Uint8Array, timestamp: bigint): Uint8Array {
  checkTimestamp(timestamp);
  return concatBytes(utf8Bytes(`cosignature/v1\ntime ${timestamp}\n`), textBytes);
}

/**
 * Takes the body of a cosignature line apart: u64 time ‖ 64-byte signature.
 * @throws FormatError `truncated` | `trailing-data` | `out-of-range` for a time of 2^63 or more
 */
export function decodeCosignature(body: Uint8Array): {
  readonly timestamp: bigint;
  readonly signature: Uint8Array;
} {
  const reader = new ByteReader(body, FORMAT);
  const timestamp = reader.uint64();
  const signature = reader.bytes(signatureSizeBytes);
  reader.end();
  checkTimestamp(timestamp);
  return { timestamp, signature };
}

/** The body of a cosignature line. @throws FormatError `out-of-range` */
export function encodeCosignature(timestamp: bigint, signature: Uint8Array): Uint8Array {
  checkTimestamp(timestamp);
  if (signature.length !== signatureSizeBytes) {
    throw new FormatError("out-of-range", FORMAT, "signature", "is not of 64 bytes");
  }
  return concatBytes(uintBytes(timestamp, 8), signature);
}

function tryDecode(body: Uint8Array): ReturnType<typeof decodeCosignature> | undefined {
  try {
    return decodeCosignature(body);
  } catch (cause) {
    // A malformed cosignature is a wrong cosignature.
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}

function checkTimestamp(timestamp: bigint): void {
  if (timestamp < 0n || timestamp > TIMESTAMP_MAX) {
    throw new FormatError("out-of-range", FORMAT, "timestamp", "is not within 0 to 2^63-1");
  }
}
