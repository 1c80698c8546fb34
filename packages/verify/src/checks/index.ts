// SPDX-License-Identifier: Apache-2.0

/**
 * The steps of a verification, each with its own inputs; which is made when, and what is handed
 * from one to the next, is `verify`'s.
 */
export { checkArtifact } from "./artifact.ts";
export { checkCertificate, checkScts, isSelfIssued, type SigningTime } from "./certificate.ts";
export { type CertificateIdentity, checkIdentity, readIdentity } from "./identity.ts";
export { checkLogContent } from "./log-content.ts";
export { type CheckedLogEntry, checkLogEntries, describeLogEntry } from "./log-entries.ts";
export { candidateAlgorithms, checkSignature, type SignedMessage } from "./signature.ts";
export { checkTimestamps, type StampedTime } from "./timestamps.ts";
