// SPDX-License-Identifier: Apache-2.0

/** From the flags of a verifying command to a policy, from files to a bundle, and back to words. */
export { judge } from "./judge.ts";
export { exists, openArtifact, openBundle, openCertificate, openSignature } from "./open.ts";
export { readPolicy } from "./policy.ts";
export { fetchTrustFiles, fetchUntil, homeOf } from "./trust.ts";
