// SPDX-License-Identifier: Apache-2.0

/** What goes into the log. */
export interface LogAppend {
  readonly bytes: Uint8Array;
  /** Search keys of 16 bytes each, one after the other. */
  readonly keys: Uint8Array;
  readonly attachment?: Uint8Array;
}

/** The tree at one size. */
export interface LogHead {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** The note as the log serves it. */
  readonly checkpoint: Uint8Array;
}

/** Proof that an entry is in the log; given out when it is durable. */
export interface LogReceipt {
  readonly index: number;
  /** When the entry was logged first, milliseconds since 1970. */
  readonly timeMs: number;
  /** Whether the entry was in the log before. */
  readonly duplicate: boolean;
  /** The tree that the proof leads to. */
  readonly head: LogHead;
  /** Leaf to root. */
  readonly proof: readonly Uint8Array[];
}

/** An entry as it is stored. */
export interface LoggedEntry {
  readonly bytes: Uint8Array;
  readonly timeMs: number;
  readonly attachment?: Uint8Array;
}

/**
 * What the services need of a log. `@chancery/log` gives one; tests have one in memory.
 * Its refusals are LogErrors, of which `overloaded` and `stopped` become answers of their own.
 */
export interface TransparencyLog {
  append(entry: LogAppend): Promise<LogReceipt>;
  /** The newest tree whose checkpoint may be shown. */
  head(): Promise<LogHead>;
  /** Undefined at and beyond the size of the head. */
  entry(index: number): Promise<LoggedEntry | undefined>;
  /** The index of a leaf, undefined where it is not in the log. */
  find(leafHash: Uint8Array): Promise<number | undefined>;
  inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]>;
  consistencyProof(oldSize: number, newSize: number): Promise<readonly Uint8Array[]>;
  /** Indexes of the entries with the key, newest first, below `before` where it is given. */
  search(
    key: Uint8Array,
    options: { readonly before?: number; readonly limit: number },
  ): Promise<readonly number[]>;
  /** The first `width` hashes of a tile; undefined where the head has fewer. */
  tile(level: number, index: number, width: number): Promise<Uint8Array | undefined>;
  /** The first `width` entries of a bundle; undefined where the head has fewer. */
  entries(index: number, width: number): Promise<Uint8Array | undefined>;
}
