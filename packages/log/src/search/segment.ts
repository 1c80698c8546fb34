// SPDX-License-Identifier: Apache-2.0
import { LogError } from "../errors.ts";
import { type IndexFamily, type RunReference, searchKeySizeBytes } from "../record/index.ts";
import type { ObjectStore, StoredObject } from "../store/index.ts";
import { compareRecords, recordIndex, recordSizeBytes } from "./records.ts";

/** Records of a full segment; 3 MB, so that none is too large to be written at once. */
export const segmentRecordsMax: number = 1 << 17;

/** Records of a block, which is what one read fetches: 4,080 bytes. */
const blockRecords = 170;

const FILTER_BLOCK_BYTES = 64;
const FILTER_BYTES_PER_RECORD = 2;

/** The name of the object that holds a segment. */
export function segmentName(run: RunReference, segment: number): string {
  return `index/${run.family}/${run.first}-${run.end}/${segment}`;
}

/** The names of a run's objects. */
export function segmentNames(run: RunReference): string[] {
  return run.segments.map((_, i) => segmentName(run, i));
}

/**
 * A slice of a sorted run: records ‖ the first record of each block ‖ filter. In memory are the
 * latter two; records are read by the block. Only leaf runs have filters: they are asked about keys
 * that are not there for every entry that is logged.
 */
export class Segment {
  readonly name: string;
  readonly count: number;
  readonly #fences: Uint8Array;
  readonly #filter: Uint8Array;
  readonly #objects: ObjectStore;

  private constructor(objects: ObjectStore, name: string, count: number, trailer: Uint8Array) {
    this.#objects = objects;
    this.name = name;
    this.count = count;
    const fencesSize = fenceCount(count) * recordSizeBytes;
    this.#fences = trailer.subarray(0, fencesSize);
    this.#filter = trailer.subarray(fencesSize);
  }

  /** Bytes in memory. */
  get sizeBytes(): number {
    return this.#fences.length + this.#filter.length;
  }

  /** @throws LogError `corrupt` where the object is missing or short. */
  static async load(objects: ObjectStore, run: RunReference, index: number): Promise<Segment> {
    const name = segmentName(run, index);
    const count = run.segments[index] as number;
    const length = trailerSize(run.family, count);
    const trailer = await objects.get(name, { start: count * recordSizeBytes, length });
    if (trailer?.length !== length) throw damaged(name);
    return new Segment(objects, name, count, trailer);
  }

  /** Makes the segment of records in order, and the object that holds it. */
  static make(
    objects: ObjectStore,
    run: RunReference,
    index: number,
    records: Uint8Array,
  ): { readonly segment: Segment; readonly object: StoredObject } {
    const name = segmentName(run, index);
    const count = records.length / recordSizeBytes;
    const bytes = new Uint8Array(records.length + trailerSize(run.family, count));
    bytes.set(records);
    const trailer = bytes.subarray(records.length);
    for (let block = 0; block < fenceCount(count); block++) {
      const at = block * blockRecords * recordSizeBytes;
      trailer.set(records.subarray(at, at + recordSizeBytes), block * recordSizeBytes);
    }
    if (run.family === "leaf")
      fillFilter(records, trailer.subarray(fenceCount(count) * recordSizeBytes));
    // A copy: the object's bytes may be large and need not stay.
    const segment = new Segment(objects, name, count, trailer.slice());
    return { segment, object: { name, bytes } };
  }

  /** Whether the key may be in the segment; never false where it is. */
  mayHave(key: Uint8Array): boolean {
    if (this.#filter.length === 0) return true;
    return everyFilterBit(
      this.#filter,
      key,
      0,
      (byte, bit) => ((this.#filter[byte] as number) & bit) !== 0,
    );
  }

  /** Whether the segment's first record is below the given one. */
  beginsBelow(record: Uint8Array): boolean {
    return compareRecords(this.#fences, 0, record, 0) < 0;
  }

  /**
   * The last indexes of a key below a record, falling.
   * @returns `exhausted` where an earlier segment can have no more of them.
   * @throws LogError `corrupt`
   */
  async findBelow(
    record: Uint8Array,
    limit: number,
  ): Promise<{ readonly found: number[]; readonly exhausted: boolean }> {
    const found: number[] = [];
    for (let block = this.#blockBelow(record); block >= 0; block--) {
      const records = await this.#block(block);
      let at = records.length - recordSizeBytes;
      while (at >= 0 && compareRecords(records, at, record, 0) >= 0) at -= recordSizeBytes;
      for (; at >= 0 && found.length < limit; at -= recordSizeBytes) {
        if (compareRecords(records, at, record, 0, searchKeySizeBytes) !== 0) {
          return { found, exhausted: true };
        }
        found.push(recordIndex(records, at));
      }
      if (found.length >= limit) return { found, exhausted: true };
    }
    return { found, exhausted: false };
  }

  /** The last block whose first record is below. */
  #blockBelow(record: Uint8Array): number {
    let [low, high] = [0, this.#fences.length / recordSizeBytes];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareRecords(this.#fences, middle * recordSizeBytes, record, 0) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  async #block(block: number): Promise<Uint8Array> {
    const start = block * blockRecords;
    const length = Math.min(blockRecords, this.count - start) * recordSizeBytes;
    const range = { start: start * recordSizeBytes, length };
    const bytes = await this.#objects.get(this.name, range);
    if (bytes?.length !== length) throw damaged(this.name);
    return bytes;
  }
}

function fenceCount(records: number): number {
  return Math.ceil(records / blockRecords);
}

function trailerSize(family: IndexFamily, records: number): number {
  const filter =
    family === "leaf" ? Math.ceil((records * FILTER_BYTES_PER_RECORD) / FILTER_BLOCK_BYTES) : 0;
  return fenceCount(records) * recordSizeBytes + filter * FILTER_BLOCK_BYTES;
}

function fillFilter(records: Uint8Array, filter: Uint8Array): void {
  for (let at = 0; at < records.length; at += recordSizeBytes) {
    everyFilterBit(filter, records, at, (byte, bit) => {
      filter[byte] = (filter[byte] as number) | bit;
      return true;
    });
  }
}

/** The six bits of a key, all in one block of 64 bytes: 0.15 % false hits at 16 bits a key. */
function everyFilterBit(
  filter: Uint8Array,
  key: Uint8Array,
  at: number,
  check: (byte: number, bit: number) => boolean,
): boolean {
  const word = (i: number): number =>
    (key[at + i] as number) * 2 ** 24 +
    (key[at + i + 1] as number) * 2 ** 16 +
    (key[at + i + 2] as number) * 2 ** 8 +
    (key[at + i + 3] as number);
  const block = (word(4) % (filter.length / FILTER_BLOCK_BYTES)) * FILTER_BLOCK_BYTES;
  for (const bits of [word(8), word(12)]) {
    for (let shift = 0; shift < 27; shift += 9) {
      const place = (bits >>> shift) & 511;
      if (!check(block + (place >> 3), 1 << (place & 7))) return false;
    }
  }
  return true;
}

function damaged(name: string): LogError {
  return new LogError("corrupt", `the index object ${name} is missing or short`, "run log reindex");
}
