// SPDX-License-Identifier: Apache-2.0

/**
 * The search index: exact keys of 16 bytes to the entries that have them, newest first. Its cost
 * does not grow with the log but for one step each time the log grows fourfold.
 */
export { type MergeRuns, mergeRuns } from "./merge.ts";
export { RecordBuffer } from "./records.ts";
export { makeRun } from "./run.ts";
export { addEntry, type PreparedMerge, SearchIndex } from "./search-index.ts";
export { segmentNames } from "./segment.ts";
export { checkRun, RunChecksum } from "./check.ts";
