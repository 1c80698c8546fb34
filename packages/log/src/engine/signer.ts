// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import {
  encodeCheckpoint,
  encodeNote,
  type NoteSignature,
  type NoteVerifier,
  noteVerifier,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { utf8Bytes } from "@chancery/formats/bytes";
import { LogError } from "../errors.ts";

/** Signs checkpoints as a log. What it signs does not leave the process before it is committed. */
export interface CheckpointSigner {
  readonly verifier: NoteVerifier;
  /** @param textBytes the checkpoint's text, with its last newline. */
  sign(textBytes: Uint8Array): NoteSignature | Promise<NoteSignature>;
}

/**
 * A signer with a key in memory: Ed25519, or ECDSA with SHA-256.
 * @param name of the key in signature lines; the log's origin in Rekor v2.
 * @throws LogError `wrong-log` for keys of other kinds
 */
export function noteSigner(name: string, key: PrivateKey): CheckpointSigner {
  const verifier = noteVerifier(name, key.publicKey);
  if (!isLogKey(key.publicKey)) {
    throw new LogError("wrong-log", "a log's key is Ed25519 or ECDSA P-256");
  }
  return {
    verifier,
    sign: (textBytes) => ({
      name,
      keyHash: verifier.keyHash,
      signature: key.sign(verifier.scheme, textBytes),
    }),
  };
}

/** Signs the checkpoint of a tree. @returns the note, as it is stored and served. */
export async function signCheckpoint(
  signer: CheckpointSigner,
  origin: string,
  size: number,
  rootHash: Uint8Array,
): Promise<Uint8Array> {
  const text = encodeCheckpoint({ origin, size: BigInt(size), rootHash, extensions: [] });
  return utf8Bytes(encodeNote(text, [await signer.sign(utf8Bytes(text))]));
}

/**
 * Reads a checkpoint that must be of the log.
 * @param log undefined to check neither origin nor signature.
 * @throws LogError `wrong-log` for another origin or key; `unverified`; FormatError for bytes that
 *   are no checkpoint.
 */
export function readCheckpoint(
  bytes: Uint8Array,
  log: { readonly origin: string; readonly verifier: NoteVerifier } | undefined,
): SignedCheckpoint & { readonly size: number } {
  const signed = parseSignedCheckpoint(bytes);
  const { size } = signed.checkpoint;
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new LogError("out-of-range", `a log of ${size} entries`);
  }
  if (log) checkSigned(signed, log);
  return { ...signed, size: Number(size) };
}

function checkSigned(
  { checkpoint, note }: SignedCheckpoint,
  log: { readonly origin: string; readonly verifier: NoteVerifier },
): void {
  const { origin } = checkpoint;
  if (origin !== log.origin) {
    throw new LogError("wrong-log", `the checkpoint is of ${origin}, not of ${log.origin}`);
  }
  const { status } = verifyNoteSignature(note, log.verifier);
  if (status === "absent") {
    throw new LogError("wrong-log", `the checkpoint has no signature by the key of ${origin}`);
  }
  if (status === "invalid") {
    throw new LogError("unverified", `the signature on the checkpoint of ${origin} is wrong`);
  }
}

function isLogKey(key: PublicKey): boolean {
  return key.type === "ed25519" || (key.type === "ec" && key.curve === "P-256");
}
