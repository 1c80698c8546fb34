// SPDX-License-Identifier: Apache-2.0

/**
 * A transparency-log engine: bytes under leaf hashes, and exact search keys. It knows nothing of
 * what the bytes mean, but for CT logs where time and index stand in an entry.
 *
 *     const log = await openLog({ folder: "data/log", origin: "log.example", signer: key });
 *     const { index, proof, head } = await log.append({ bytes, keys });
 *
 * `openLog` runs the engine in a thread of its own over the embedded store; `LogEngine` is the
 * engine in the calling thread, over any `LogStore`. `Mirror` follows somebody else's log.
 * `WitnessClient` gathers cosignatures, `handleAddCheckpoint` gives them. `fsck`, `exportTree` and
 * `reindex` work on a log that nobody has open. Out of scope: HTTP, and entries of any kind.
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
  treeHeadSigner,
} from "./engine/index.ts";
export { LogError, type LogErrorCode } from "./errors.ts";
export { type Fetch, Mirror, type MirrorOptions } from "./follow/index.ts";
export {
  type ExportReport,
  exportTree,
  fsck,
  type FsckOptions,
  type FsckReport,
  readStored,
  reindex,
} from "./maintenance/index.ts";
export {
  type EntryFormatName,
  type EntryInput,
  entryLimits,
  searchKeySizeBytes,
} from "./record/index.ts";
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
export {
  addCheckpointLimits,
  type CosignedCheckpoint,
  type Cosigner,
  type CosignOptions,
  handleAddCheckpoint,
  keyCosigner,
  MemoryWitnessState,
  parsePolicy,
  policyLimits,
  type PolicyLog,
  type PolicyWitness,
  SqliteWitnessState,
  type TrustPolicy,
  WitnessClient,
  type WitnessedLog,
  type WitnessOptions,
  type WitnessRecord,
  type WitnessResponse,
  type WitnessState,
} from "./witness/index.ts";
