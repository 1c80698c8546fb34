// SPDX-License-Identifier: Apache-2.0
import {
  type Batch,
  type IndexFamily,
  type RunReference,
  searchKeySizeBytes,
} from "../record/index.ts";
import type { ObjectStore, StoredObject } from "../store/index.ts";
import { type MergeRuns, planMerge } from "./merge.ts";
import { RecentKeys } from "./recent-keys.ts";
import { RecordBuffer } from "./records.ts";
import { makeRun, Run, searchRecord } from "./run.ts";
import { segmentNames } from "./segment.ts";

/** Gives from memory by what an entry is found: hashes of 32 bytes, one after the other. */
type LeafSource = (index: number) => Uint8Array;

/**
 * Which entries have a key: the tail in memory, the rest in sorted runs. The family `leaf` has the
 * first 16 bytes of each leaf hash, and of what else makes entries the same, to find duplicates;
 * `key` the search keys.
 */
export class SearchIndex {
  readonly #objects: ObjectStore;
  #runs: readonly Run[];
  readonly #recent: Readonly<Record<IndexFamily, RecentKeys>> = {
    leaf: new RecentKeys(),
    key: new RecentKeys(),
  };
  #lookups = 0;
  #retired: string[] = [];

  private constructor(objects: ObjectStore, runs: readonly Run[]) {
    this.#objects = objects;
    this.#runs = runs;
  }

  /** @throws LogError `corrupt`; the store's codes */
  static async load(objects: ObjectStore, runs: readonly RunReference[]): Promise<SearchIndex> {
    return new SearchIndex(objects, await Promise.all(runs.map((run) => Run.load(objects, run))));
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Bytes of the runs' fences and filters, which are in memory for good. */
  get sizeBytes(): number {
    return this.#runs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Adds a committed batch to the tail, from an index on. */
  add(batch: Batch, leaf: LeafSource, from: number = batch.first): void {
    for (let i = from; i < batch.end; i++) addEntry(this.#recent, leaf(i), batch.keys(i), i);
  }

  /** Whether the leaf may be logged; never false where it is. @param key 16 bytes */
  mayHaveLeaf(key: Uint8Array): boolean {
    if (this.#recent.leaf.find(key, Infinity, 1).length > 0) return true;
    const record = searchRecord(key);
    return this.#runs.some((run) => run.reference.family === "leaf" && run.mayHave(record));
  }

  /** The newest indexes of a key below `before`, falling. @throws LogError `corrupt` */
  async find(
    family: IndexFamily,
    key: Uint8Array,
    before: number,
    limit: number,
  ): Promise<number[]> {
    const found = this.#recent[family].find(key, before, limit);
    const runs = this.#runs;
    const record = searchRecord(key);
    this.#lookups++;
    try {
      for (let i = runs.length - 1; i >= 0 && found.length < limit; i--) {
        const run = runs[i] as Run;
        if (run.reference.family !== family || run.reference.first >= before) continue;
        if (family === "leaf" && !run.mayHave(record)) continue;
        found.push(...(await run.find(key, before, limit - found.length)));
      }
    } finally {
      this.#lookups--;
    }
    return found;
  }

  /** Makes runs of the entries `first` to `end`, which are in the batches. */
  makeRuns(
    batches: readonly Batch[],
    leaf: LeafSource,
    first: number,
    end: number,
  ): { readonly runs: readonly Run[]; readonly objects: readonly StoredObject[] } {
    const buffers = { leaf: new RecordBuffer(), key: new RecordBuffer() };
    for (const batch of batches) {
      for (let i = Math.max(first, batch.first); i < Math.min(end, batch.end); i++) {
        addEntry(buffers, leaf(i), batch.keys(i), i);
      }
    }
    const made = (["leaf", "key"] as const).map((family) =>
      makeRun(this.#objects, { family, first, end }, buffers[family].sorted()),
    );
    return {
      runs: made.map(({ run }) => run),
      objects: made.flatMap(({ objects }) => objects),
    };
  }

  /** Takes runs over from the tail, which then begins at `tailStart`. */
  adopt(runs: readonly Run[], tailStart: number): void {
    this.#runs = [...this.#runs, ...runs];
    this.#recent.leaf.dropBefore(tailStart);
    this.#recent.key.dropBefore(tailStart);
  }

  /**
   * Merges runs if enough of them are of one size. Changes nothing here; runs may be adopted
   * meanwhile, but one merge is under way at a time.
   * @throws LogError `stopped` where the signal ends it; `corrupt`; the store's codes
   * @returns undefined where nothing is to be merged.
   */
  async prepareMerge(merge: MergeRuns, signal: AbortSignal): Promise<PreparedMerge | undefined> {
    for (const family of ["leaf", "key"] as const) {
      const own = this.#runs.filter(({ reference }) => reference.family === family);
      const start = planMerge(own);
      if (start === undefined) continue;
      const merged = own.slice(start);
      const references = merged.map(({ reference }) => reference);
      const into = await Run.load(this.#objects, await merge(references, signal));
      return { merged, into };
    }
    return undefined;
  }

  /** The runs as they are once a merge is accepted. */
  runsAfter({ merged, into }: PreparedMerge): Run[] {
    return this.#runs.flatMap((run) => {
      if (run === merged[0]) return [into];
      return merged.includes(run) ? [] : [run];
    });
  }

  /** Puts the merged run in the place of those it was made of, which nothing refers to any more. */
  accept(prepared: PreparedMerge): void {
    this.#runs = this.runsAfter(prepared);
    this.#retired.push(...prepared.merged.flatMap(({ reference }) => segmentNames(reference)));
  }

  /** Removes the objects of merged runs, unless somebody may be reading them. */
  async collectGarbage(): Promise<void> {
    if (this.#lookups > 0 || this.#retired.length === 0) return;
    const names = this.#retired;
    this.#retired = [];
    await this.#objects.remove(names);
  }
}

/** A merged run that is written but not in use. */
export interface PreparedMerge {
  readonly merged: readonly Run[];
  readonly into: Run;
}

const leafHashSizeBytes = 32;

/** Something that takes keys. */
interface KeySink {
  add(bytes: Uint8Array, at: number, index: number): void;
}

/**
 * Adds one entry.
 * @param leaf its leaf hash, and its identity where it is another: 32 bytes each
 */
export function addEntry(
  sinks: Readonly<Record<IndexFamily, KeySink>>,
  leaf: Uint8Array,
  keys: Uint8Array,
  index: number,
): void {
  for (let at = 0; at < leaf.length; at += leafHashSizeBytes) sinks.leaf.add(leaf, at, index);
  for (let at = 0; at < keys.length; at += searchKeySizeBytes) sinks.key.add(keys, at, index);
}
