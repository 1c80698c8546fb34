// SPDX-License-Identifier: Apache-2.0
import type { Log } from "@chancery/log";

/**
 * What the services need of a log: `openLog` of `@chancery/log` gives one, tests have it in memory.
 * Of its LogErrors `overloaded`, `quorum` and `stopped` become answers of their own.
 */
export type TransparencyLog = Pick<
  Log,
  | "append"
  | "head"
  | "tile"
  | "entries"
  | "entry"
  | "attachment"
  | "indexOf"
  | "inclusionProof"
  | "consistencyProof"
  | "search"
>;

/** What searching needs of a log, which may be one that nobody serves. */
export type SearchableLog = Pick<TransparencyLog, "head" | "search" | "entry">;
