// SPDX-License-Identifier: Apache-2.0

/** From the flags of a verifying command to a policy, from files to a bundle, and back to words. */
export { needsTrustedRoot } from "./bundle.ts";
export { conclude } from "./conclude.ts";
export { openArtifact, openBundle, openCertificate, openSignature, verifyFile } from "./open.ts";
export { readPolicy } from "./policy.ts";
export { fetchTrustFiles, fetchUntil, homeOf, loadTrustedRoot } from "./trust.ts";
