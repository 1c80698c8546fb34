// SPDX-License-Identifier: Apache-2.0
import {
  type BundleReference,
  tileHashSizeBytes,
  type TileReference,
  tileWidth,
  widthInTree,
} from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";
import { decodeNotes, type EntryNotes, searchKeySizeBytes, timeInNotes } from "../record/index.ts";
import type { LogStore } from "../store/index.ts";
import { LruMap } from "../tree/index.ts";
import {
  attachmentName,
  blobName,
  bundleName,
  type EngineState,
  notesName,
  tileName,
} from "./state.ts";

/** A committed state of the log. */
export interface LogHead {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** When its last entry was logged, milliseconds since 1970. */
  readonly timeMs: number;
  /** The signed checkpoint, always the same bytes for one size. */
  readonly checkpoint: Uint8Array;
}

/** An entry as it was logged. */
export interface LoggedEntry {
  readonly index: number;
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Search keys, one after the other. */
  readonly keys: Uint8Array;
  readonly hasAttachment: boolean;
}

/** Most indexes that one search answers. */
export const searchLimitMax = 1000;

/** Bundles kept with their notes after they were read for single entries. */
const bundlesCachedMax = 16;

/**
 * Answers from one state of the log. What is in the tail is answered from memory, the rest from
 * objects; memory is asked first, since what leaves it is durable before.
 */
export class LogReader {
  readonly #state: EngineState;
  readonly #store: LogStore;
  readonly #bundles = new LruMap<number, { entries: Uint8Array[]; notes: EntryNotes[] }>(
    bundlesCachedMax,
  );

  constructor(state: EngineState, store: LogStore) {
    this.#state = state;
    this.#store = store;
  }

  head(): LogHead {
    const { head, rootHash } = this.#state;
    const { size, timeMs, checkpoint } = head;
    return { size, rootHash, timeMs, checkpoint };
  }

  /**
   * The bytes of a tile of hashes, full or partial.
   * @returns undefined where the tree as it is has not that many hashes there.
   */
  async tile({ level, index, width }: TileReference): Promise<Uint8Array | undefined> {
    const { head, tree } = this.#state;
    if (width < 1 || width > widthInTree(level, index, head.size)) return undefined;
    const held = tree.tile({ level, index, width });
    if (held) return held;
    const full = await this.#store.objects.get(tileName(level, index));
    if (!full) throw missing(tileName(level, index));
    return full.subarray(0, width * tileHashSizeBytes);
  }

  /** The bytes of an entry bundle, full or partial; undefined as for tiles. */
  async bundle({ index, width }: BundleReference): Promise<Uint8Array | undefined> {
    const { head, tail, format } = this.#state;
    if (width < 1 || width > widthInTree(0, index, head.size)) return undefined;
    const start = index * tileWidth;
    const held = tail.bundle(start, start + width);
    if (held) return held;
    const name = bundleName(format, index);
    const full = await this.#store.objects.get(name);
    if (full) return width === tileWidth ? full : format.sliceBundle(full, width);
    throw missing(name);
  }

  /** @throws LogError `out-of-range` | `corrupt` */
  async entry(index: number): Promise<LoggedEntry> {
    this.#checkIndex(index);
    const batch = this.#state.tail.batchOf(index);
    if (batch) {
      return {
        index,
        bytes: batch.entry(index),
        timeMs: batch.timeMs(index),
        keys: batch.keys(index),
        hasAttachment: batch.attachment(index) !== undefined,
      };
    }
    const { entries, notes } = await this.#bundle(Math.floor(index / tileWidth));
    const i = index % tileWidth;
    return { index, bytes: entries[i] as Uint8Array, ...(notes[i] as EntryNotes) };
  }

  /** When an entry was logged, without reading it. @throws LogError `out-of-range` | `corrupt` */
  async timeMs(index: number): Promise<number> {
    this.#checkIndex(index);
    const batch = this.#state.tail.batchOf(index);
    if (batch) return batch.timeMs(index);
    const name = notesName(Math.floor(index / tileWidth));
    const notes = await this.#store.objects.get(name);
    if (!notes) throw missing(name);
    return timeInNotes(notes, index % tileWidth);
  }

  /** The attachment of an entry, undefined where it has none. @throws LogError `out-of-range` */
  async attachment(index: number): Promise<Uint8Array | undefined> {
    this.#checkIndex(index);
    const batch = this.#state.tail.batchOf(index);
    return batch ? batch.attachment(index) : this.#store.objects.get(attachmentName(index));
  }

  /** A blob by its SHA-256, undefined where there is none. */
  async blob(digest: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#store.objects.get(blobName(digest));
  }

  /** @param size up to that of the head. @throws LogError `out-of-range` | `corrupt` */
  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    this.#checkSize(size);
    if (!isWithin(index, size - 1)) throw outOfRange(`no entry ${index} in a tree of ${size}`);
    return this.#state.reader.inclusion(index, size);
  }

  /** @throws LogError `out-of-range` | `corrupt` */
  async consistencyProof(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    this.#checkSize(newSize);
    if (!isWithin(oldSize, newSize)) throw outOfRange(`no tree of ${oldSize} within ${newSize}`);
    return this.#state.reader.consistency(oldSize, newSize);
  }

  /** The root that the tree had at a size. @throws LogError `out-of-range` | `corrupt` */
  async rootAt(size: number): Promise<Uint8Array> {
    this.#checkSize(size);
    return this.#state.reader.root(size);
  }

  /** The hash of an entry's leaf. @throws LogError `out-of-range` | `corrupt` */
  async leafHash(index: number): Promise<Uint8Array> {
    this.#checkIndex(index);
    return this.#state.reader.leaf(index);
  }

  /**
   * The entries with a search key, newest first.
   * @param key 16 bytes. @param page.before only indexes below. @param page.limit 1 to 1,000
   * @throws LogError `out-of-range` | `corrupt`
   */
  async search(
    key: Uint8Array,
    page: { readonly before?: number; readonly limit: number },
  ): Promise<number[]> {
    const { before = Infinity, limit } = page;
    if (key.length !== searchKeySizeBytes) throw outOfRange(`a key of ${key.length} bytes`);
    if (!isWithin(limit, searchLimitMax)) throw outOfRange(`a limit of ${limit}`);
    // What a commit under way has added is not to be seen before it is durable.
    const end = Math.min(before, this.#state.head.size);
    return this.#state.index.find("key", key, end, limit);
  }

  /** The index of an entry by the hash of its leaf, undefined where there is none. */
  async indexOf(leafHash: Uint8Array): Promise<number | undefined> {
    const { index, reader, head } = this.#state;
    const key = leafHash.subarray(0, searchKeySizeBytes);
    if (!index.mayHaveLeaf(key)) return undefined;
    // More than one only where somebody made two leaf hashes that share 16 bytes.
    for (const found of await index.find("leaf", key, head.size, searchLimitMax)) {
      const logged = await reader.leaf(found);
      if (logged.every((byte, i) => byte === leafHash[i])) return found;
    }
    return undefined;
  }

  async #bundle(index: number): Promise<{ entries: Uint8Array[]; notes: EntryNotes[] }> {
    const cached = this.#bundles.get(index);
    if (cached) return cached;
    const { format } = this.#state;
    const name = bundleName(format, index);
    const bundle = await this.#store.objects.get(name);
    const notes = await this.#store.objects.get(notesName(index));
    if (!bundle || !notes) throw missing(bundle ? notesName(index) : name);
    const read = { entries: format.decodeBundle(bundle, tileWidth), notes: decodeNotes(notes) };
    this.#bundles.set(index, read);
    return read;
  }

  #checkIndex(index: number): void {
    const { size } = this.#state.head;
    if (!isWithin(index, size - 1)) throw outOfRange(`no entry ${index} in a log of ${size}`);
  }

  #checkSize(size: number): void {
    const { head } = this.#state;
    if (!isWithin(size, head.size)) throw outOfRange(`no tree of ${size} in a log of ${head.size}`);
  }
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

function outOfRange(problem: string): LogError {
  return new LogError("out-of-range", problem);
}

function missing(name: string): LogError {
  return new LogError("corrupt", `the object ${name} is missing`, "run log fsck");
}
