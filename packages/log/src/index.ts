// SPDX-License-Identifier: Apache-2.0

/**
 * A transparency-log engine: bytes under leaf hashes, and exact search keys. It knows nothing of
 * what the bytes mean.
 */
export {
  type Appended,
  type AppendedItem,
  type CheckpointSigner,
  type EngineLimits,
  engineLimits,
  type EngineMetrics,
  LogEngine,
  type EngineOptions,
  type LoggedEntry,
  type LogHead,
  type LogIdentity,
  type LogReader,
  noteSigner,
  searchLimitMax,
} from "./engine/index.ts";
export { LogError, type LogErrorCode } from "./errors.ts";
export {
  type ExportReport,
  exportTree,
  fsck,
  type FsckReport,
  reindex,
} from "./maintenance/index.ts";
export { type EntryInput, entryLimits, searchKeySizeBytes } from "./record/index.ts";
export {
  type ByteRange,
  EmbeddedStore,
  type LogStore,
  type ObjectStore,
  type StoreCommit,
  type StoredBatch,
  type StoredLog,
  type StoredObject,
} from "./store/index.ts";
export { type Log, openLog, type OpenLogOptions, type Receipt } from "./worker/index.ts";
