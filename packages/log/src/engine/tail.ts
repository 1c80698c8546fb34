// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "@chancery/formats/bytes";
import type { Batch } from "../record/index.ts";

/** The entries that are not yet (all) in objects: the batches in the database, held in memory. */
export class Tail {
  #batches: readonly Batch[];
  #sizeBytes = 0;

  constructor(batches: readonly Batch[]) {
    this.#batches = batches;
    for (const { payload } of batches) this.#sizeBytes += payload.length;
  }

  get batches(): readonly Batch[] {
    return this.#batches;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(batch: Batch): void {
    this.#batches = [...this.#batches, batch];
    this.#sizeBytes += batch.payload.length;
  }

  /** Forgets batches that end at or before. */
  dropEndingAt(index: number): void {
    const kept = this.#batches.filter(({ end }) => end > index);
    for (const { end, payload } of this.#batches) {
      if (end <= index) this.#sizeBytes -= payload.length;
    }
    this.#batches = kept;
  }

  /** The batch that holds an entry, undefined where none does. */
  batchOf(index: number): Batch | undefined {
    let [low, high] = [0, this.#batches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#batches[middle] as Batch).end <= index) low = middle + 1;
      else high = middle;
    }
    const batch = this.#batches[low];
    return batch && batch.first <= index ? batch : undefined;
  }

  /** An entry. @throws RangeError for one that is not here */
  entry(index: number): Uint8Array {
    const batch = this.batchOf(index);
    if (!batch) throw new RangeError(`entry ${index} is not in the tail`);
    return batch.entry(index);
  }

  /** Entries as in a bundle, undefined where they are not all here. */
  bundle(from: number, end: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (let at = from; at < end;) {
      const batch = this.batchOf(at);
      if (!batch) return undefined;
      const partEnd = Math.min(end, batch.end);
      parts.push(batch.bundlePart(at, partEnd));
      at = partEnd;
    }
    return concatBytes(...parts);
  }
}
