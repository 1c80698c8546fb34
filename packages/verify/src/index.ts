// SPDX-License-Identifier: Apache-2.0

/**
 * Verification of Sigstore bundles: bundle, artifact, trusted root and policy in, evidence out.
 *
 * `verify` is pure: it fetches nothing, reads no clock, and runs unchanged in browsers. Trusted
 * roots come from a file or, in Node, through TUF (`@chancery/verify/tuf`).
 */
export {
  type Artifact,
  artifactFromBytes,
  artifactFromDigest,
  type StreamedEd25519,
} from "./artifact.ts";
export { artifactForBundle, artifactFromStream } from "./artifact-stream.ts";
export {
  assertVerified,
  type Check,
  type CheckName,
  checkNames,
  type Evidence,
  type FailOpen,
  type FailOpenCheck,
  failOpenChecks,
  type FailOpenRecord,
  firstFailure,
  type Signer,
  VerificationError,
  type VerifiedLogEntry,
  type VerifiedTime,
} from "./evidence.ts";
export type {
  CertifiedIdentity,
  IdentityPolicy,
  KeyPolicy,
  Policy,
  StringMatcher,
} from "./policy.ts";
export { type BundleReason, hintFor, type Reason, type ReasonCode, reasons } from "./reasons.ts";
export { verify, type VerifyInput } from "./verify.ts";
export { type LogEvidence, verifyLogEntry } from "./verify-log-entry.ts";
