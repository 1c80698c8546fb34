// SPDX-License-Identifier: Apache-2.0

/** Work on a log that nobody has open: proving it, writing it out, making its index anew. */
export { type ExportReport, exportTree } from "./export.ts";
export { fsck, type FsckOptions, type FsckReport } from "./fsck.ts";
export { readStored } from "./read.ts";
export { reindex } from "./reindex.ts";
