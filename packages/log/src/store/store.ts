// SPDX-License-Identifier: Apache-2.0

/**
 * Where a log keeps itself. Two parts: a database with transactions for the head and the tail, and
 * objects that never change for the body. The log trusts both to keep what they confirmed; it
 * notices loss, change and old copies at start, but whoever can write here can stop the log.
 *
 * Errors: LogError `poisoned` where confirmed writes may be lost (a failed fsync), after which the
 * store must not be used again; `conflict` where another writer was first; `storage` for everything
 * else that went wrong, after which the caller loads again to learn what was kept.
 */
export interface LogStore {
  /** Everything in the database, as one consistent state. */
  load(): Promise<StoredLog>;
  /** Writes a batch and the head that includes it, durably and both or none. */
  commit(commit: StoreCommit): Promise<void>;
  /**
   * Writes the body's state and drops the batches which end at or before it, both or none, durably.
   * What replaces the batches must be in the objects before.
   */
  advance(body: Uint8Array, dropEndingAt: number): Promise<void>;
  readonly objects: ObjectStore;
  /** The checkpoint as last shown outside the database, undefined where none was. */
  published(): Promise<Uint8Array | undefined>;
  /** Replaces the published checkpoint. */
  publish(checkpoint: Uint8Array): Promise<void>;
  /** Lets another process open the log. */
  close(): Promise<void>;
}

/** Objects of immutable bytes under names like `tile/0/000`. */
export interface ObjectStore {
  /**
   * Writes objects; they are durable when this resolves.
   * @throws LogError `object-conflict` where one exists with other bytes, which stay.
   */
  put(objects: readonly StoredObject[]): Promise<void>;
  /** The bytes of an object or of a range of it; undefined where there is no such object. */
  get(name: string, range?: ByteRange): Promise<Uint8Array | undefined>;
  /** The names that begin with the prefix, which is empty or ends in a slash. */
  list(prefix: string): Promise<string[]>;
  /** Removes objects that nothing refers to; names of none are ignored. */
  remove(names: readonly string[]): Promise<void>;
}

export interface StoredObject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ByteRange {
  readonly start: number;
  readonly length: number;
}

export interface StoreCommit {
  /** Size of the stored head that this follows, undefined for the first commit of a log. */
  readonly previousSize: number | undefined;
  /** Undefined where only the head changes. */
  readonly batch: StoredBatch | undefined;
  readonly size: number;
  readonly head: Uint8Array;
}

/** Entries in the order of their indexes: `first` and `count - 1` that follow. */
export interface StoredBatch {
  readonly first: number;
  readonly count: number;
  readonly payload: Uint8Array;
}

export interface StoredLog {
  /** Undefined for a log that does not exist yet. */
  readonly head: { readonly size: number; readonly payload: Uint8Array } | undefined;
  readonly body: Uint8Array | undefined;
  /** By rising index. */
  readonly batches: readonly StoredBatch[];
}
