// SPDX-License-Identifier: Apache-2.0

/**
 * Rekor, the log of signatures: the v1 API (`/api/v1/…`) and the v2 API (`/api/v2/…`, tiles) over
 * one tree, and searches in it. How the tree is kept is `@chancery/log`'s business.
 */
export { attestationProblem, loggedEntryKeys } from "./logged-entry.ts";
export { defaultAlgorithmPolicy } from "./policy.ts";
export { addRekor, rekorOperations, type RekorOptions } from "./rekor.ts";
export { searchParameters, searchStored } from "./search/index.ts";
export type { TransparencyLog } from "./transparency-log.ts";
