// SPDX-License-Identifier: Apache-2.0
import { concatBytes, decodeBase64, decodeUtf8, encodeBase64, utf8Bytes } from "../bytes/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { noteKeyHashSizeBytes } from "./key-id.ts";

/** One signature line: `— <name> <base64 of key hash ‖ signature>`. */
export interface NoteSignature {
  /** Name of the key: not empty, without white space and `+`. */
  readonly name: string;
  /** 4 bytes that tell keys of one name apart. */
  readonly keyHash: Uint8Array;
  /** What the key's algorithm made, at least one byte. */
  readonly signature: Uint8Array;
}

/** A note as it arrived: nothing in it is trustworthy before a signature is verified. */
export interface SignedNote {
  /** The signed bytes: the text with its last newline, without the blank line. */
  readonly textBytes: Uint8Array;
  /** The same as characters. */
  readonly text: string;
  /** In the order of the lines, at least one; also those of unknown keys. */
  readonly signatures: readonly NoteSignature[];
}

/**
 * Limits on notes. C2SP demands room for 16 signatures; other implementations stop at 100. A line
 * has room for the largest signatures in use (ML-DSA-44, 3.3 kB in base64) four times over.
 */
export const noteLimits: Readonly<
  Record<"sizeBytesMax" | "signaturesMax" | "signatureLineCharsMax", number>
> = {
  sizeBytesMax: 1 << 20,
  signaturesMax: 100,
  signatureLineCharsMax: 16 << 10,
};

const FORMAT = "note";
const NEWLINE = 0x0a;
const SIGNATURE_PREFIX = "\u2014 ";

/**
 * Reads a signed note (C2SP signed-note).
 *
 * The last blank line parts text from signatures. Refused are control characters below U+0020 other
 * than the newline, a note without signature lines or without a final newline, and signature lines
 * that are not exactly of their form, so that a note has one reading.
 *
 * @param input bytes, or the characters of a JSON string.
 * @throws FormatError `too-large` | `malformed-utf8` | `malformed` | `truncated` | `missing-field`;
 *   the base64 codes. Does not check any signature, nor that lines are of different keys.
 */
export function parseNote(input: Uint8Array | string): SignedNote {
  const bytes = noteBytes(input);
  if (bytes.at(-1) !== NEWLINE) throw error("truncated", "", "the last line is not ended");
  const blank = lastBlankLine(bytes);
  if (blank === -1) {
    throw error("missing-field", "signatures", "no blank line parts the text from the signatures");
  }
  // A copy: the note outlives the buffer it arrived in.
  const textBytes = bytes.slice(0, blank);
  const text = decodeUtf8(textBytes, "note text");
  const lines = decodeUtf8(bytes.subarray(blank + 1), "note signatures");
  return { textBytes, text, signatures: parseSignatureLines(lines) };
}

/**
 * Reads signature lines without a text, as a witness answers them.
 * @param text one to 100 lines, each ended by a newline.
 * @throws FormatError `missing-field` | `truncated` | `too-large` | `malformed`; the base64 codes.
 */
export function parseSignatureLines(text: string): NoteSignature[] {
  if (text === "") throw error("missing-field", "signatures", "there is no signature line");
  if (text.length > noteLimits.sizeBytesMax) {
    throw error("too-large", "", `more than ${noteLimits.sizeBytesMax} characters`);
  }
  if (!text.endsWith("\n")) throw error("truncated", "", "the last signature line is not ended");
  const lines = text.slice(0, -1).split("\n", noteLimits.signaturesMax + 1);
  if (lines.length > noteLimits.signaturesMax) {
    throw error("too-large", "", `more than ${noteLimits.signaturesMax} signature lines`);
  }
  return lines.map((line, i) => parseSignatureLine(line, `signature line ${i + 1}`));
}

/**
 * Writes a signed note.
 * @param text ends in a newline.
 * @throws FormatError the codes of `parseNote`, where the result would not be read back the same.
 */
export function encodeNote(text: string, signatures: readonly NoteSignature[]): string {
  const note = `${text}\n${signatures.map(encodeSignatureLine).join("")}`;
  const readBack = parseNote(note);
  if (readBack.text !== text || readBack.signatures.length !== signatures.length) {
    throw error("malformed", "", "the text does not end in a newline");
  }
  return note;
}

/**
 * Writes one signature line, with its newline.
 * @throws FormatError `malformed` for a name, key hash or signature that has no such line.
 */
export function encodeSignatureLine(signature: NoteSignature): string {
  const { name, keyHash } = signature;
  if (!isNoteKeyName(name)) throw error("malformed", "", `the key name ${JSON.stringify(name)}`);
  if (keyHash.length !== noteKeyHashSizeBytes || signature.signature.length === 0) {
    throw error("malformed", "", "a key hash that is not of 4 bytes, or an empty signature");
  }
  return `${SIGNATURE_PREFIX}${name} ${encodeBase64(concatBytes(keyHash, signature.signature))}\n`;
}

/** Whether a key can have the name: not empty, no Unicode white space, no control, no `+`. */
export function isNoteKeyName(name: string): boolean {
  const allowed = name.isWellFormed() && /^[^\p{White_Space}+]+$/u.test(name);
  return allowed && utf8Bytes(name).every((byte) => byte >= 0x20);
}

function noteBytes(input: Uint8Array | string): Uint8Array {
  if (input.length > noteLimits.sizeBytesMax) throw tooLarge();
  if (typeof input === "string" && !input.isWellFormed()) {
    throw error("malformed-utf8", "", "a lone surrogate");
  }
  const bytes = typeof input === "string" ? utf8Bytes(input) : input;
  if (bytes.length > noteLimits.sizeBytesMax) throw tooLarge();
  const control = bytes.findIndex((byte) => byte < 0x20 && byte !== NEWLINE);
  if (control !== -1) throw error("malformed", `byte ${control}`, "a control character");
  return bytes;
}

/** Offset of the newline that is the last blank line, or -1. */
function lastBlankLine(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i > 0; i--) {
    if (bytes[i] === NEWLINE && bytes[i - 1] === NEWLINE) return i;
  }
  return -1;
}

function parseSignatureLine(line: string, place: string): NoteSignature {
  if (line.length > noteLimits.signatureLineCharsMax) {
    throw error("too-large", place, `more than ${noteLimits.signatureLineCharsMax} characters`);
  }
  if (!line.startsWith(SIGNATURE_PREFIX)) {
    throw error("malformed", place, "does not begin with an em dash and a space");
  }
  const nameEnd = line.indexOf(" ", SIGNATURE_PREFIX.length);
  if (nameEnd === -1) throw error("missing-field", place, "the signature is missing");
  const name = line.slice(SIGNATURE_PREFIX.length, nameEnd);
  if (!isNoteKeyName(name)) throw error("malformed", place, "the key name is empty or not allowed");
  const bytes = decodeBase64(line.slice(nameEnd + 1), place);
  if (bytes.length <= noteKeyHashSizeBytes) {
    throw error("truncated", place, "no signature follows the key hash");
  }
  return {
    name,
    keyHash: bytes.subarray(0, noteKeyHashSizeBytes),
    signature: bytes.subarray(noteKeyHashSizeBytes),
  };
}

function tooLarge(): FormatError {
  return error("too-large", "", `more than ${noteLimits.sizeBytesMax} bytes`);
}

function error(code: FormatErrorCode, place: string, problem: string): FormatError {
  return new FormatError(code, FORMAT, place, problem);
}
