// SPDX-License-Identifier: Apache-2.0
import type { MessageSigner, PublicKey } from "@chancery/formats/crypto";
import { messageSigner, type PrivateKey } from "@chancery/formats/crypto/node";
import {
  encodeCheckpoint,
  encodeNote,
  encodeTreeHeadSignature,
  type NoteSignature,
  type NoteVerifier,
  noteVerifier,
  parseCheckpoint,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  treeHeadVerifier,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { CtLogSigner } from "@chancery/formats/sct";
import { LogError } from "../errors.ts";
import type { EntryFormatName } from "../record/index.ts";

/** Signs checkpoints as a log. What it signs does not leave the process before it is committed. */
export interface CheckpointSigner {
  readonly verifier: NoteVerifier;
  /**
   * @param textBytes the checkpoint's text, with its last newline.
   * @param timeMs of its last entry, milliseconds since 1970, which times signed are not before.
   */
  sign(textBytes: Uint8Array, timeMs: number): NoteSignature | Promise<NoteSignature>;
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

/**
 * A signer of CT checkpoints, whose signature is a tree head of RFC 6962 (C2SP static-ct-api).
 * @param origin of the log, which is the key's name too.
 * @throws FormatError `unsupported` for keys other than ECDSA P-256 and RSA, with SHA-256
 */
export function treeHeadSigner(origin: string, signer: MessageSigner): CheckpointSigner {
  const log = new CtLogSigner(signer);
  const verifier = treeHeadVerifier(origin, signer.publicKey);
  return {
    verifier,
    sign: async (textBytes, timestampMs) => {
      const { size: treeSize, rootHash } = parseCheckpoint(decodeUtf8(textBytes));
      const digitallySigned = await log.signTreeHead({ timestampMs, treeSize, rootHash });
      const signature = encodeTreeHeadSignature({ timestampMs, digitallySigned });
      return { name: origin, keyHash: verifier.keyHash, signature };
    },
  };
}

/**
 * The signer that a log of a format has with a key in memory.
 * @throws LogError `wrong-log`; FormatError `unsupported`, both for keys of other kinds
 */
export function signerWithKey(
  format: EntryFormatName,
  name: string,
  key: PrivateKey,
): CheckpointSigner {
  return format === "ct" ? treeHeadSigner(name, messageSigner(key)) : noteSigner(name, key);
}

/** Signs the checkpoint of a tree. @returns the note, as it is stored and served. */
export async function signCheckpoint(
  signer: CheckpointSigner,
  origin: string,
  size: number,
  rootHash: Uint8Array,
  timeMs: number,
): Promise<Uint8Array> {
  const text = encodeCheckpoint({ origin, size: BigInt(size), rootHash, extensions: [] });
  return utf8Bytes(encodeNote(text, [await signer.sign(utf8Bytes(text), timeMs)]));
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
