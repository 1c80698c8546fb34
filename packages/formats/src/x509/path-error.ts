// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from "./certificate.ts";
import { nameToString } from "./names.ts";

/** Why no path from a leaf to a trust anchor was accepted. */
export type PathErrorCode =
  | "not-yet-valid" // a certificate of the path begins after the instant asked about
  | "expired" // a certificate of the path ended before that instant
  | "unknown-issuer" // no certificate at hand has the name of the issuer
  | "bad-signature" // the issuer's key did not make the signature
  | "not-a-ca" // an issuer whose basic constraints do not say CA
  | "path-length" // more certificates than an issuer, or this checker, allows
  | "key-usage" // KeyUsage lacks keyCertSign (issuer) or digitalSignature (leaf)
  | "extended-key-usage" // the purpose is not in the ExtKeyUsage of the leaf, or of an issuer
  | "leaf-is-ca"
  | "unsupported-critical-extension" // also name constraints, critical or not
  | "malformed-extension" // an extension that the path depends on does not parse; see `cause`
  | "too-many-candidates"; // the search was given up

/** Details of a {@link PathError} beyond its code and words. */
export interface PathErrorDetails {
  /** Place in the path: 0 is the leaf, 1 its issuer. */
  readonly index: number;
  /** The instant asked about, for `not-yet-valid` and `expired`. */
  readonly time?: Date;
  readonly cause?: unknown;
}

/** Refusal of a certificate path, naming the certificate that is at fault. */
export class PathError extends Error {
  override readonly name = "PathError";
  readonly code: PathErrorCode;
  readonly certificate: Certificate;
  /** Subject of that certificate as text; empty for Fulcio's leaves. */
  readonly subject: string;
  /** Place in the path: 0 is the leaf, 1 its issuer. */
  readonly index: number;
  /** The instant asked about, for `not-yet-valid` and `expired`; the certificate has the window. */
  readonly time: Date | undefined;

  constructor(
    code: PathErrorCode,
    certificate: Certificate,
    problem: string,
    details: PathErrorDetails,
  ) {
    const subject = nameToString(certificate.subject);
    const who = details.index === 0 ? "the leaf certificate" : `issuer ${details.index}`;
    const cause = details.cause === undefined ? undefined : { cause: details.cause };
    super(`${who}${subject === "" ? "" : ` (${subject})`}: ${problem}`, cause);
    this.code = code;
    this.certificate = certificate;
    this.subject = subject;
    this.index = details.index;
    this.time = details.time;
  }
}
