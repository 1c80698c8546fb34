// SPDX-License-Identifier: Apache-2.0

/** What the log writes into its database and beside its bundles, as bytes. */
export type { EntryFormat, EntryFormatName } from "./entry-format.ts";
export { entryFormats } from "./entry-formats.ts";
export {
  Batch,
  checkEntry,
  decodeNotes,
  encodeNotes,
  type EntryInput,
  entryLimits,
  type EntryNotes,
  makeBatch,
  searchKeySizeBytes,
  timeInNotes,
} from "./batch.ts";
export {
  decodeBody,
  decodeHead,
  encodeBody,
  encodeHead,
  type IndexFamily,
  type RunReference,
  type StoredBody,
  type StoredHead,
} from "./state.ts";
