// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, encodeBase64 } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { parseNote, type SignedNote } from "./note.ts";

/** The text of a checkpoint, taken apart. */
export interface Checkpoint {
  /** The log's identity, not empty. Rekor v1 appends ` - <tree ID>` to the signing key's name. */
  readonly origin: string;
  /** Number of leaves, below 2^63. */
  readonly size: bigint;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
  /** Lines after the root, none of them empty. */
  readonly extensions: readonly string[];
}

/** A checkpoint and the note that signs it. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: SignedNote;
}

const FORMAT = "checkpoint";
const SIZE_MAX = 0x7fff_ffff_ffff_ffffn;
const DECIMAL = /^(?:0|[1-9][0-9]*)$/;
const rootHashSizeBytes = 32;

/**
 * Reads a signed checkpoint (C2SP tlog-checkpoint in C2SP signed-note).
 * @param input the whole note, as bytes or as the characters of a JSON string.
 * @throws FormatError the codes of `parseNote` and `parseCheckpoint`. Does not check signatures.
 */
export function parseSignedCheckpoint(input: Uint8Array | string): SignedCheckpoint {
  const note = parseNote(input);
  return { checkpoint: parseCheckpoint(note.text), note };
}

/**
 * Reads the text of a checkpoint (C2SP tlog-checkpoint): origin, size, root hash, extensions.
 *
 * @param text the note's text, ended by a newline.
 * @throws FormatError `missing-field` for fewer than three lines or an empty origin; `malformed`
 *   for an empty line or a size that is not decimal, which is what a lost line leads to;
 *   `non-canonical` for leading zeros; `out-of-range` for a size of 2^63 or more or a root that is
 *   not of 32 bytes; `truncated`; the base64 codes. Does not check that a size of zero goes with
 *   the root of the empty tree.
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith("\n")) throw error("truncated", "", "the last line is not ended");
  const [origin, size, root, ...extensions] = text.slice(0, -1).split("\n");
  if (origin === undefined || origin === "") throw error("missing-field", "origin", "is empty");
  if (size === undefined) throw error("missing-field", "size", "is missing");
  const treeSize = parseSize(size);
  if (root === undefined) throw error("missing-field", "root hash", "is missing");
  const rootHash = decodeBase64(root, "root hash");
  if (rootHash.length !== rootHashSizeBytes) {
    throw error("out-of-range", "root hash", `${rootHash.length} bytes instead of 32`);
  }
  const empty = extensions.indexOf("");
  if (empty !== -1) throw error("malformed", `extension ${empty + 1}`, "is empty");
  return { origin, size: treeSize, rootHash, extensions };
}

/**
 * Writes the text of a checkpoint, the inverse of `parseCheckpoint`.
 * @throws FormatError `malformed` for an origin or extension with a line break; its other codes.
 */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, rootHash, extensions } = checkpoint;
  if ([origin, ...extensions].some((line) => line.includes("\n"))) {
    throw error("malformed", "", "a line break within a line");
  }
  const text = [origin, String(size), encodeBase64(rootHash), ...extensions, ""].join("\n");
  parseCheckpoint(text);
  return text;
}

function parseSize(text: string): bigint {
  if (!/^[0-9]+$/.test(text)) throw error("malformed", "size", "is not a decimal number");
  if (!DECIMAL.test(text)) throw error("non-canonical", "size", "has a leading zero");
  // The length first: digits are quadratic to convert.
  const size = text.length > 19 ? undefined : BigInt(text);
  if (size === undefined || size > SIZE_MAX) throw error("out-of-range", "size", "exceeds 2^63-1");
  return size;
}

function error(code: FormatErrorCode, place: string, problem: string): FormatError {
  return new FormatError(code, FORMAT, place, problem);
}
