// SPDX-License-Identifier: Apache-2.0

/** Files as commands read and write them: artifacts of any size, outputs that are never lost. */
export { allowDocument, type DocumentFlags, emitDocument } from "./document.ts";
export {
  checkStdinOnce,
  collect,
  type Content,
  inMemoryBytesMax,
  openContent,
  readWhole,
} from "./input.ts";
export { allowOutput, removeOutput, writeOutput } from "./output.ts";
export { pathOf, pendingFileOf, shellWord } from "./paths.ts";
export { startProgress } from "./progress.ts";
export { stopAsked } from "./stop.ts";
