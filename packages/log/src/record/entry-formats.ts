// SPDX-License-Identifier: Apache-2.0
import { leafHash } from "@chancery/formats/merkle";
import {
  bundleEntrySizeBytesMax,
  bundlePath,
  decodeEntryBundle,
  sliceEntryBundle,
} from "@chancery/formats/tiles";
import { ctEntries } from "./ct-entries.ts";
import type { EntryFormat, EntryFormatName } from "./entry-format.ts";

/** Entries of C2SP tlog-tiles: bytes that are their own leaf, with a length of two bytes. */
const tlogEntries: EntryFormat = {
  name: "tlog",
  sizeBytesMax: bundleEntrySizeBytesMax,
  bundlePath,
  refusal: () => undefined,
  place: (entry) => entry,
  misplaced: () => undefined,
  leafHash,
  identity: undefined,
  blobs: () => [],
  lengthSizeBytes: 2,
  endOf: (bundle, at) => at + 2 + (((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0)),
  decodeBundle: decodeEntryBundle,
  sliceBundle: sliceEntryBundle,
};

export const entryFormats: Readonly<Record<EntryFormatName, EntryFormat>> = {
  tlog: tlogEntries,
  ct: ctEntries,
};
