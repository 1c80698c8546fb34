// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong while bytes were turned into a value.
 *
 * The codes are shared by every format so that a caller can tell "too large" from "not this format"
 * without knowing which parser ran; `format` and `place` of the error say where.
 */
export type FormatErrorCode =
  | "truncated" // the input ends inside a value
  | "trailing-data" // bytes follow the end of the value
  | "too-large" // a stated limit on size or count is exceeded
  | "too-deep" // a stated limit on nesting is exceeded
  | "malformed" // not this format at all
  | "malformed-json"
  | "malformed-base64"
  | "malformed-hex"
  | "malformed-pem"
  | "malformed-utf8"
  | "non-canonical" // the right value in a form that its specification forbids
  | "duplicate-key" // one JSON object, one name, twice
  | "wrong-type" // a JSON string where a number belongs, a SET where a SEQUENCE belongs…
  | "missing-field"
  | "unknown-field"
  | "conflicting-fields" // two members of one oneof
  | "out-of-range" // a number outside its domain
  | "unknown-media-type"
  | "unknown-kind" // a log entry kind or version that is not in the registry
  | "unsupported"; // well formed, but an algorithm or feature that is not implemented

/** Refusal of a parser. Carries the place: a JSON path, a byte offset or a line, in words. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code: FormatErrorCode;
  /** The format being read: `json`, `der`, `bundle`, `checkpoint`… */
  readonly format: string;
  /** Where in the input, such as `verificationMaterial.tlogEntries[0].logIndex` or `byte 17`. */
  readonly place: string;

  constructor(
    code: FormatErrorCode,
    format: string,
    place: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${format}${place === "" ? "" : ` at ${place}`}: ${problem}`, options);
    this.code = code;
    this.format = format;
    this.place = place;
  }
}
