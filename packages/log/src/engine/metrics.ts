// SPDX-License-Identifier: Apache-2.0

/** Counts since the engine was opened, and how it stands. */
export interface EngineMetrics {
  entries: number;
  duplicates: number;
  commits: number;
  /** Duration of the last commit, milliseconds. */
  commitMs: number;
  /** Time that commits were held back because writing to objects was behind, milliseconds. */
  heldBackMs: number;
  /** Times that the state was loaded again after an error. */
  reloads: number;
  /** Times that full bundles were written to objects. */
  moves: number;
  /** Merges of the search index. */
  merges: number;
  size: number;
  /** Entries that are in full bundles. */
  bodySize: number;
  tailBytes: number;
  indexRuns: number;
  /** Memory that the runs' fences and filters take. */
  indexBytes: number;
  queuedEntries: number;
}

export function newMetrics(): EngineMetrics {
  return {
    entries: 0,
    duplicates: 0,
    commits: 0,
    commitMs: 0,
    heldBackMs: 0,
    reloads: 0,
    moves: 0,
    merges: 0,
    size: 0,
    bodySize: 0,
    tailBytes: 0,
    indexRuns: 0,
    indexBytes: 0,
    queuedEntries: 0,
  };
}
