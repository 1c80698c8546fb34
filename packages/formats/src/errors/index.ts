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
  | "malformed-json" // text that is not JSON
  | "malformed-base64" // text that is not standard base64 with padding
  | "malformed-hex" // text that is not hexadecimal
  | "malformed-pem" // text that is not PEM
  | "malformed-utf8" // bytes that are not UTF-8
  | "non-canonical" // the right value in a form that its specification forbids
  | "duplicate-key" // one JSON object, one name, twice
  | "wrong-type" // a JSON string where a number belongs, a SET where a SEQUENCE belongs…
  | "missing-field" // a field that must be there is absent or empty
  | "unknown-field" // a field that the format does not have
  | "conflicting-fields" // two members of one oneof
  | "out-of-range" // a number outside its domain
  | "unknown-media-type" // a type or version of the format that is not read
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
