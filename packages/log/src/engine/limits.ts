// SPDX-License-Identifier: Apache-2.0

/** Bounds on what the engine takes on, holds and does at a time. */
export interface EngineLimits {
  /** Entries and bytes of one commit. */
  readonly commitEntriesMax: number;
  readonly commitBytesMax: number;
  /** Entries and bytes that may wait; beyond, appending is refused as `overloaded`. */
  readonly queueEntriesMax: number;
  readonly queueBytesMax: number;
  /** From this many entries or bytes on the tail is written to objects. */
  readonly tailEntriesMin: number;
  readonly tailBytesMin: number;
  /** Where writing to objects does not keep up, commits are slowed down from here on … */
  readonly tailEntriesSlow: number;
  readonly tailBytesSlow: number;
  /** … to here, where they wait; if it fails altogether, appending is refused. */
  readonly tailEntriesMax: number;
  readonly tailBytesMax: number;
  /** Longest pause between two commits that are slowed down. */
  readonly pauseMsMax: number;
  /** Full bundles written in one go. */
  readonly bundlesAtOnceMax: number;
  /** Shortest time between two writings of the checkpoint outside the database. */
  readonly publishIntervalMs: number;
}

export const engineLimits: EngineLimits = {
  commitEntriesMax: 4096,
  commitBytesMax: 8 << 20,
  queueEntriesMax: 1 << 15,
  queueBytesMax: 64 << 20,
  tailEntriesMin: 4096,
  tailBytesMin: 8 << 20,
  tailEntriesSlow: 1 << 16,
  tailBytesSlow: 64 << 20,
  tailEntriesMax: 1 << 18,
  tailBytesMax: 256 << 20,
  pauseMsMax: 250,
  bundlesAtOnceMax: 64,
  publishIntervalMs: 1000,
};
