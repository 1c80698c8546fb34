// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, uintBytes } from "@chancery/formats/bytes";
import { tileHashSizeBytes } from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";
import type { TreeEdge } from "../tree/index.ts";
import type { EntryFormatName } from "./entry-format.ts";

/** The head of a log as it is committed. */
export interface StoredHead {
  /** What the log's entries are. */
  readonly format: EntryFormatName;
  readonly size: number;
  /** Of the last entry, milliseconds since 1970; times in a log never fall. */
  readonly timeMs: number;
  /** Hashes of the perfect subtrees that make the tree, left to right, 32 bytes each. */
  readonly range: readonly Uint8Array[];
  /** The signed checkpoint, as it is served. Of this size; in a mirror also of a larger one. */
  readonly checkpoint: Uint8Array;
}

/** What is in objects for good. */
export interface StoredBody {
  /** The first `edge.size` entries are in full bundles and tiles. */
  readonly edge: TreeEdge;
  /** Sorted runs of the search index, by rising first entry. */
  readonly runs: readonly RunReference[];
}

/** Which of the two indexes a run belongs to. */
export type IndexFamily = "leaf" | "key";

/** A sorted run: everything about entries `first` to `end`, in segments. */
export interface RunReference {
  readonly family: IndexFamily;
  readonly first: number;
  readonly end: number;
  /** Number of records in each segment. */
  readonly segments: readonly number[];
}

/** u8 format, 1 tlog, 2 ct ‖ u64 size ‖ u48 time ‖ u8 hashes ‖ hashes ‖ u32 length ‖ checkpoint */
export function encodeHead(head: StoredHead): Uint8Array {
  return concatBytes(
    Uint8Array.of(HEADS.indexOf(head.format)),
    uintBytes(head.size, 8),
    uintBytes(head.timeMs, 6),
    Uint8Array.of(head.range.length),
    ...head.range,
    uintBytes(head.checkpoint.length, 4),
    head.checkpoint,
  );
}

/** @throws LogError `corrupt`. Does not check that the parts belong together. */
export function decodeHead(bytes: Uint8Array): StoredHead {
  return decode("head", bytes, (reader, version) => {
    const format = HEADS[version];
    if (format === undefined) throw new Error("its version");
    const size = readSize(reader);
    const timeMs = reader.uint(6);
    const range = Array.from({ length: reader.uint(1) }, () => reader.bytes(tileHashSizeBytes));
    return { format, size, timeMs, range, checkpoint: reader.vector(4) };
  });
}

/**
 * u8 1 ‖ u64 size ‖ u8 levels ‖ (u16 length ‖ hashes) × levels ‖ u32 runs ‖
 * (u8 family ‖ u64 first ‖ u64 end ‖ u16 segments ‖ u32 records × segments) × runs
 */
export function encodeBody(body: StoredBody): Uint8Array {
  const { edge, runs } = body;
  return concatBytes(
    Uint8Array.of(VERSION),
    uintBytes(edge.size, 8),
    Uint8Array.of(edge.levels.length),
    ...edge.levels.flatMap((level) => [uintBytes(level.length, 2), level]),
    uintBytes(runs.length, 4),
    ...runs.flatMap(({ family, first, end, segments }) => [
      Uint8Array.of(FAMILIES.indexOf(family)),
      uintBytes(first, 8),
      uintBytes(end, 8),
      uintBytes(segments.length, 2),
      ...segments.map((count) => uintBytes(count, 4)),
    ]),
  );
}

/** @throws LogError `corrupt` */
export function decodeBody(bytes: Uint8Array): StoredBody {
  return decode("body", bytes, (reader, version) => {
    if (version !== VERSION) throw new Error("its version");
    const size = readSize(reader);
    const levels = Array.from({ length: reader.uint(1) }, () => reader.vector(2));
    const runs = Array.from({ length: reader.uint(4) }, () => {
      const family = FAMILIES[reader.uint(1)];
      if (family === undefined) throw new Error("an index family");
      const [first, end] = [readSize(reader), readSize(reader)];
      const segments = Array.from({ length: reader.uint(2) }, () => reader.uint(4));
      return { family, first, end, segments };
    });
    return { edge: { size, levels }, runs };
  });
}

const VERSION = 1;
/** Formats by the first byte of a head. */
const HEADS: readonly (EntryFormatName | undefined)[] = [undefined, "tlog", "ct"];
const FAMILIES: readonly IndexFamily[] = ["leaf", "key"];

function readSize(reader: ByteReader): number {
  const size = Number(reader.uint64());
  if (!Number.isSafeInteger(size)) throw new Error("a size");
  return size;
}

function decode<Value>(
  what: string,
  bytes: Uint8Array,
  read: (reader: ByteReader, version: number) => Value,
): Value {
  try {
    const reader = new ByteReader(bytes, what);
    const value = read(reader, reader.uint(1));
    reader.end();
    return value;
  } catch (cause) {
    throw new LogError("corrupt", `the stored ${what} is damaged`, "run log fsck", { cause });
  }
}
