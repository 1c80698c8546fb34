// SPDX-License-Identifier: Apache-2.0

/** Why a well-formed timestamp is not one over the given bytes by the given authority. */
export type TimestampErrorCode =
  | "timestamp-not-granted" // the status is not `granted`; `grantedWithMods` is refused too
  | "timestamp-content-type-mismatch" // the contentType attribute is not id-ct-TSTInfo
  | "timestamp-weak-hash" // the imprint's hash is not SHA-256, SHA-384 or SHA-512
  | "timestamp-imprint-mismatch" // it is over other bytes
  | "timestamp-signer-mismatch" // it names, or brings, another certificate than the authority's
  | "timestamp-digest-mismatch" // the messageDigest attribute is not that of the content
  | "timestamp-signature-invalid" // the signature does not verify under the authority's key
  | "timestamp-certificate-id-mismatch" // the signing-certificate attribute names another one
  | "timestamp-signing-time-outside-certificate" // signingTime outside the leaf's validity
  | "timestamp-critical-extension"; // TSTInfo holds a critical extension, and none is known

/** Refusal of a timestamp. Unreadable ones are refused with a FormatError before. */
export class TimestampError extends Error {
  override readonly name = "TimestampError";
  readonly code: TimestampErrorCode;

  constructor(code: TimestampErrorCode, problem: string) {
    super(`timestamp: ${problem}`);
    this.code = code;
  }
}
