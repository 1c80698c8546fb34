// SPDX-License-Identifier: Apache-2.0

/**
 * Signed notes (C2SP signed-note), the checkpoints of logs in them (C2SP tlog-checkpoint), and the
 * timestamped signatures of witnesses (C2SP tlog-cosignature, Ed25519 form).
 *
 * Use `parseSignedCheckpoint`, then `verifyNoteSignature` with the log's verifier, then
 * `verifyCosignature` for each witness; a checkpoint is nothing before its log's signature is
 * verified. A CT log's checkpoint is signed as a tree head (C2SP static-ct-api, type 05): its
 * verifier is `treeHeadVerifier`. Out of scope: ML-DSA cosignatures (06).
 */
export {
  type Checkpoint,
  encodeCheckpoint,
  parseCheckpoint,
  parseSignedCheckpoint,
  type SignedCheckpoint,
} from "./checkpoint.ts";
export {
  cosignatureMessage,
  type CosignatureVerification,
  cosignatureVerifier,
  decodeCosignature,
  encodeCosignature,
  verifyCosignature,
} from "./cosignature.ts";
export { cosignerKeyId, logKeyId, noteKeyHash, noteKeyHashSizeBytes, spkiKeyId } from "./key-id.ts";
export {
  encodeNote,
  encodeSignatureLine,
  isNoteKeyName,
  noteLimits,
  type NoteSignature,
  parseNote,
  parseSignatureLines,
  type SignedNote,
} from "./note.ts";
export {
  decodeTreeHeadSignature,
  encodeTreeHeadSignature,
  type TreeHeadSignature,
} from "./tree-head.ts";
export {
  type NoteVerification,
  type NoteVerifier,
  noteVerifier,
  treeHeadVerifier,
  verifyNoteSignature,
} from "./verify.ts";
export { encodeVerifierKey, parseVerifierKey, type VerifierKey } from "./verifier-key.ts";
