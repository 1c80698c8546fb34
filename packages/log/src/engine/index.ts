// SPDX-License-Identifier: Apache-2.0

/** The log itself, in the thread that calls it: sequencing, recovery, what is written behind. */
export { LogEngine, type EngineOptions, startMirror } from "./engine.ts";
export { type EngineLimits, engineLimits } from "./limits.ts";
export { type LoggedEntry, type LogHead, LogReader, searchLimitMax } from "./log-reader.ts";
export type { EngineMetrics } from "./metrics.ts";
export type { Appended, AppendedItem } from "./sequence.ts";
export { loadState } from "./recovery.ts";
export {
  type CheckpointSigner,
  noteSigner,
  readCheckpoint,
  signerWithKey,
  treeHeadSigner,
} from "./signer.ts";
export {
  attachmentName,
  blobFolder,
  blobName,
  bundleName,
  type EngineState,
  type LogIdentity,
  notesName,
  tileName,
} from "./state.ts";
