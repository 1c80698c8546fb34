// SPDX-License-Identifier: Apache-2.0

/** Flags that several commands share: their values and what `--help` says. */
export { type ArtifactFlags, artifactFlags, type LogFlags, logFlags } from "./log.ts";
export { type SigningFlags, signingFlags } from "./signing.ts";
export { type VerificationFlags, verificationFlags } from "./verification.ts";
