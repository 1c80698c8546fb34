// SPDX-License-Identifier: Apache-2.0
import type { IndexFamily, RunReference } from "../record/index.ts";
import type { ObjectStore, StoredObject } from "../store/index.ts";
import { recordSizeBytes, writeRecord } from "./records.ts";
import { Segment, segmentRecordsMax } from "./segment.ts";

/** A sorted run that can be searched: the keys of a range of entries. */
export class Run {
  readonly reference: RunReference;
  readonly segments: readonly Segment[];

  constructor(reference: RunReference, segments: readonly Segment[]) {
    this.reference = reference;
    this.segments = segments;
  }

  static async load(objects: ObjectStore, reference: RunReference): Promise<Run> {
    const { segments } = reference;
    const loaded = await Promise.all(segments.map((_, i) => Segment.load(objects, reference, i)));
    return new Run(reference, loaded);
  }

  get records(): number {
    return this.segments.reduce((sum, { count }) => sum + count, 0);
  }

  /** Bytes in memory. */
  get sizeBytes(): number {
    return this.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /**
   * Whether the key may be in the run; never false where it is.
   * @param record `searchRecord` of the key, without a bound.
   */
  mayHave(record: Uint8Array): boolean {
    const at = this.#segmentBelow(record);
    // A key that several segments hold is in the last of them, as any key is in one alone.
    return at >= 0 && (this.segments[at] as Segment).mayHave(record);
  }

  /** The newest indexes of a key below `before`, falling. @throws LogError `corrupt` */
  async find(key: Uint8Array, before: number, limit: number): Promise<number[]> {
    const record = searchRecord(key, before);
    const all: number[] = [];
    for (let at = this.#segmentBelow(record); at >= 0 && all.length < limit; at--) {
      const segment = this.segments[at] as Segment;
      const { found, exhausted } = await segment.findBelow(record, limit - all.length);
      all.push(...found);
      if (exhausted) break;
    }
    return all;
  }

  #segmentBelow(record: Uint8Array): number {
    let [low, high] = [0, this.segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.segments[middle] as Segment).beginsBelow(record)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Makes a run of all the records at once. @param records in order. */
export function makeRun(
  objects: ObjectStore,
  range: { readonly family: IndexFamily; readonly first: number; readonly end: number },
  records: Uint8Array,
): { readonly run: Run; readonly objects: readonly StoredObject[] } {
  const segmentSize = segmentRecordsMax * recordSizeBytes;
  const slices = Array.from({ length: Math.ceil(records.length / segmentSize) }, (_, i) =>
    records.subarray(i * segmentSize, (i + 1) * segmentSize),
  );
  const reference = { ...range, segments: slices.map(({ length }) => length / recordSizeBytes) };
  const made = slices.map((slice, i) => Segment.make(objects, reference, i, slice));
  return {
    run: new Run(
      reference,
      made.map(({ segment }) => segment),
    ),
    objects: made.map(({ object }) => object),
  };
}

/** A record above all of a key that are below an index. */
export function searchRecord(key: Uint8Array, before: number = Infinity): Uint8Array {
  const record = new Uint8Array(recordSizeBytes);
  writeRecord(record, 0, key, 0, Math.min(before, Number.MAX_SAFE_INTEGER));
  return record;
}
