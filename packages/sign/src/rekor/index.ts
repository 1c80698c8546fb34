// SPDX-License-Identifier: Apache-2.0

/**
 * Rekor's APIs from the side of a client: to log signatures (`SignatureLog`, one file an API), and
 * for Rekor v1 to read. Out of scope: who vouches for what comes back (`@chancery/verify`).
 */
export type { RekorV1Entry } from "./entry-v1.ts";
export type { LogProof, LogState, LogTree } from "./log-state-v1.ts";
export {
  type CreatedEntry,
  type EntryReference,
  type IndexQuery,
  RekorV1Client,
} from "./rekor-v1.ts";
export type { FoundEntry, FoundPage, LogSearchQuery } from "./search-v1.ts";
export { type LogOptions, openLog, selectLogs } from "./select.ts";
export { checkProof, type LoggableSignature, type SignatureLog } from "./signature-log.ts";
