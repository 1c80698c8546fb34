// SPDX-License-Identifier: Apache-2.0

/** Where a log keeps itself: the interface, and the embedded store of SQLite and files. */
export type {
  ByteRange,
  LogStore,
  ObjectStore,
  StoreCommit,
  StoredBatch,
  StoredLog,
  StoredObject,
} from "./store.ts";
export { EmbeddedStore, openObjects } from "./embedded/embedded-store.ts";
