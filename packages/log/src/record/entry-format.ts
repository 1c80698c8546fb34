// SPDX-License-Identifier: Apache-2.0
import type { BundleReference } from "@chancery/formats/tiles";

/** What entries of a log are; fixed for ever when the log begins. */
export type EntryFormatName = "tlog" | "ct";

/**
 * How a log's entries are stored and hashed. All else, such as the tree, its proofs, commits and
 * the search index, is the same for all logs. An entry is told apart from the form it is stored in
 * only where the log writes its place into it.
 */
export interface EntryFormat {
  readonly name: EntryFormatName;
  /** Largest entry. */
  readonly sizeBytesMax: number;
  /** Path of a bundle below the log's prefix, and name of the object where it is full. */
  bundlePath(bundle: BundleReference): string;
  /** What is wrong with an entry that is to be logged; undefined where nothing is. */
  refusal(entry: Uint8Array): string | undefined;
  /** The entry as it is stored at its place: as long as it was given. */
  place(entry: Uint8Array, index: number, timeMs: number): Uint8Array;
  /** What is wrong with an entry at this place; undefined where it may stand there. */
  misplaced(entry: Uint8Array, index: number, timeMs: number): string | undefined;
  /** Hash of the leaf that an entry makes, 32 bytes. */
  leafHash(entry: Uint8Array): Uint8Array;
  /**
   * What makes two entries the same, 32 bytes: the same for an entry as it is given and as it is
   * stored. Undefined where that is the leaf hash.
   */
  readonly identity: ((entry: Uint8Array) => Uint8Array) | undefined;
  /** SHA-256 of each blob that the entry refers to. */
  blobs(entry: Uint8Array): readonly Uint8Array[];
  /** Bytes of the length in front of an entry in a bundle: 2, or 0 where entries tell their end. */
  readonly lengthSizeBytes: 0 | 2;
  /** Where the entry ends, in a bundle, whose bytes begin at `at`. @throws FormatError */
  endOf(bundle: Uint8Array, at: number): number;
  /** The entries of a bundle, views of it. @throws FormatError `truncated` | `trailing-data` */
  decodeBundle(bundle: Uint8Array, width: number): Uint8Array[];
  /** The first entries of a bundle, as a bundle. @throws FormatError `truncated` */
  sliceBundle(bundle: Uint8Array, width: number): Uint8Array;
}
