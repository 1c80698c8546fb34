// SPDX-License-Identifier: Apache-2.0
import { ByteReader, bytesEqual, concatBytes, uintBytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { leafHash } from "@chancery/formats/merkle";
import { decodeLeafIndex, encodeLeafIndex, readTileLeaf } from "@chancery/formats/sct";
import { bundlePath } from "@chancery/formats/tiles";
import type { EntryFormat } from "./entry-format.ts";

const TIME_SIZE = 8;
const EXTENSIONS_SIZE = 8;
const FORMAT = "data tile";

/**
 * Entries of a static CT log (C2SP static-ct-api): each a TileLeaf, which has its time and its
 * index in it. Both are zero where it is given, and written when it gets its place. The leaf is its
 * beginning, a MerkleTreeLeaf; beyond, and covered by no hash, are the precertificate and the
 * hashes of the issuers, which are the log's blobs.
 *
 *     u64 time ms ‖ u16 type ‖ signed entry ‖ u16 8 ‖ 00 00 05 ‖ u40 index ‖ …
 */
export const ctEntries: EntryFormat = {
  name: "ct",
  sizeBytesMax: 256 << 10,
  bundlePath: (bundle) => bundlePath(bundle).replace("tile/entries/", "tile/data/"),
  refusal: (entry) => {
    try {
      const { end, extensions, leaf } = parse(entry, 0);
      if (end !== entry.length) return "a TileLeaf with bytes after it";
      if (decodeLeafIndex(leaf.extensions) === undefined || extensions.length !== EXTENSIONS_SIZE) {
        return "a TileLeaf whose extensions are not its index alone";
      }
      return undefined;
    } catch (cause) {
      if (cause instanceof FormatError) return `no TileLeaf: ${cause.message}`;
      throw cause;
    }
  },
  place: (entry, index, timeMs) => {
    const { signedEnd } = parse(entry, 0);
    const placed = entry.slice();
    placed.set(uintBytes(timeMs, TIME_SIZE));
    placed.set(encodeLeafIndex(index), signedEnd + 2);
    return placed;
  },
  misplaced: (entry, index, timeMs) => {
    const { leaf } = parse(entry, 0);
    if (leaf.timestampMs !== timeMs) return `says that it was logged at ${leaf.timestampMs}`;
    const isAlone = bytesEqual(leaf.extensions, encodeLeafIndex(index));
    return isAlone ? undefined : `says that its index is ${decodeLeafIndex(leaf.extensions)}`;
  },
  leafHash: (entry) => {
    const { timestampedEnd } = parse(entry, 0);
    return leafHash(concatBytes(Uint8Array.of(0, 0), entry.subarray(0, timestampedEnd)));
  },
  identity: (entry) => sha256(entry.subarray(TIME_SIZE, parse(entry, 0).signedEnd)),
  blobs: (entry) => parse(entry, 0).leaf.issuers,
  lengthSizeBytes: 0,
  endOf: (bundle, at) => parse(bundle, at).end,
  decodeBundle: (bundle, width) => {
    const ends = endsOf(bundle, width);
    if (ends[width] !== bundle.length) {
      throw new FormatError("trailing-data", FORMAT, "", `bytes after ${width} entries`);
    }
    return ends.slice(1).map((end, i) => bundle.subarray(ends[i], end));
  },
  sliceBundle: (bundle, width) => bundle.subarray(0, endsOf(bundle, width)[width]),
};

/** Where the entries end, with the start of the first in front. */
function endsOf(bundle: Uint8Array, width: number): number[] {
  const ends = [0];
  for (let i = 0; i < width; i++) ends.push(parse(bundle, ends[i] as number).end);
  return ends;
}

/** The TileLeaf that begins at `at`, and where its parts end. @throws FormatError */
function parse(
  bytes: Uint8Array,
  at: number,
): {
  readonly leaf: ReturnType<typeof readTileLeaf>;
  readonly extensions: Uint8Array;
  /** Of LogEntryType and what it selects. */
  readonly signedEnd: number;
  readonly timestampedEnd: number;
  readonly end: number;
} {
  const reader = new ByteReader(bytes.subarray(at), FORMAT);
  const leaf = readTileLeaf(reader);
  const { entry, extensions } = leaf;
  const signedSize =
    "certificate" in entry
      ? 2 + 3 + entry.certificate.length
      : 2 + entry.issuerKeyHash.length + 3 + entry.tbs.length;
  const signedEnd = at + TIME_SIZE + signedSize;
  const timestampedEnd = signedEnd + 2 + extensions.length;
  return { leaf, extensions, signedEnd, timestampedEnd, end: at + reader.offset };
}
