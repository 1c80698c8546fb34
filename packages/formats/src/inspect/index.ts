// SPDX-License-Identifier: Apache-2.0

/**
 * What a bundle says about itself, part by part, for people who look into one. Nothing is verified
 * here, and nothing of it may be relied on: that is `@chancery/verify`'s business.
 */
export { type BundleInspection, inspectBundle, type SignerInspection } from "./bundle.ts";
export type { CertificateInspection, SctInspection } from "./certificate.ts";
export type { ContentInspection } from "./content.ts";
export type {
  BodyInspection,
  CheckpointInspection,
  CheckpointSignature,
  LogEntryInspection,
  ProofInspection,
} from "./log-entry.ts";
export type { Problem } from "./problems.ts";
export type { TimestampInspection } from "./timestamp.ts";
