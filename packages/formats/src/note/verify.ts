// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { type PublicKey, type SignatureScheme, verifySignature } from "../crypto/index.ts";
import { logKeyId, noteKeyHash, treeHeadKeyId } from "./key-id.ts";
import type { NoteSignature, SignedNote } from "./note.ts";
import { verifyTreeHeadSignature } from "./tree-head.ts";

/** A known key: whose lines to look for, and how to check them. */
export interface NoteVerifier {
  readonly name: string;
  /** 4 bytes. */
  readonly keyHash: Uint8Array;
  readonly key: PublicKey;
  readonly scheme: SignatureScheme;
  /** What is signed: the text, the default, or the tree head that it says (CT logs). */
  readonly signs?: "text" | "tree-head";
}

/**
 * What a note says about one known key.
 *
 * `absent`: no line is of this key. `invalid`: a line is, but its signature does not verify, for
 * which C2SP signed-note wants the whole note refused.
 */
export type NoteVerification =
  | { readonly status: "verified"; readonly signature: NoteSignature }
  | { readonly status: "absent" }
  | { readonly status: "invalid"; readonly signature: NoteSignature };

/**
 * The verifier of a log key: pure Ed25519, or ECDSA or RSA PKCS#1 v1.5 with SHA-256.
 *
 * @param name the key's name in signature lines.
 * @param keyId full or 4-byte key ID, where it is not `logKeyId`'s; Rekor v1 uses `spkiKeyId`.
 */
export function noteVerifier(
  name: string,
  key: PublicKey,
  keyId: Uint8Array = logKeyId(name, key),
): NoteVerifier {
  return { name, keyHash: noteKeyHash(keyId), key, scheme: noteScheme(key) };
}

/**
 * The verifier of a CT log, whose signature is a tree head of RFC 6962: ECDSA P-256 or RSA.
 * @param name the log's origin.
 */
export function treeHeadVerifier(name: string, key: PublicKey): NoteVerifier {
  return { ...noteVerifier(name, key, treeHeadKeyId(name, key)), signs: "tree-head" };
}

/**
 * Checks the signatures of a known key on a note (C2SP signed-note).
 *
 * A line belongs to the key when name and key hash are equal, wherever it stands; all others are
 * ignored. Repeated lines of one key are allowed, as signatures may be randomised, but each must
 * verify, and they count as one. Lines of another key that collides in both are told as `invalid`.
 *
 * Never throws on a bad signature. Does not check what the text says.
 */
export function verifyNoteSignature(note: SignedNote, verifier: NoteVerifier): NoteVerification {
  return verifyLines(note, verifier, (signature) =>
    verifier.signs === "tree-head"
      ? verifyTreeHeadSignature(verifier, note.textBytes, signature)
      : verifySignature(verifier.key, verifier.scheme, note.textBytes, signature),
  );
}

/** Applies a check to every line of the key; the first line stands for all when all pass. */
export function verifyLines(
  note: SignedNote,
  known: { readonly name: string; readonly keyHash: Uint8Array },
  check: (signature: Uint8Array) => boolean,
): NoteVerification {
  const lines = note.signatures.filter(
    (line) => line.name === known.name && bytesEqual(line.keyHash, known.keyHash),
  );
  const bad = lines.find((line) => !check(line.signature));
  if (bad) return { status: "invalid", signature: bad };
  const first = lines[0];
  return first ? { status: "verified", signature: first } : { status: "absent" };
}

function noteScheme(key: PublicKey): SignatureScheme {
  switch (key.type) {
    case "ed25519":
      return { kind: "ed25519" };
    case "ec":
      return { kind: "ecdsa", hash: "sha256" };
    case "rsa":
      return { kind: "rsa-pkcs1v15", hash: "sha256" };
  }
}
