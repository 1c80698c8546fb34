// SPDX-License-Identifier: Apache-2.0
import { searchKeySizeBytes } from "../record/index.ts";

/** Bytes of a record of the index: 16 of the key, 8 of the entry's index. */
export const recordSizeBytes: number = searchKeySizeBytes + 8;

/** Collects records and puts them in order. */
export class RecordBuffer {
  #bytes = new Uint8Array(1024 * recordSizeBytes);
  #length = 0;

  /** @param at where in `bytes` the key begins. */
  add(bytes: Uint8Array, at: number, index: number): void {
    if (this.#length === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    writeRecord(this.#bytes, this.#length, bytes, at, index);
    this.#length += recordSizeBytes;
  }

  /** All records, sorted by key, then index. */
  sorted(): Uint8Array {
    return sortRecords(this.#bytes.subarray(0, this.#length));
  }
}

/** Writes a record at an offset. */
export function writeRecord(
  to: Uint8Array,
  offset: number,
  key: Uint8Array,
  at: number,
  index: number,
): void {
  for (let i = 0; i < searchKeySizeBytes; i++) to[offset + i] = key[at + i] as number;
  let rest = index;
  for (let i = recordSizeBytes - 1; i >= searchKeySizeBytes; i--) {
    to[offset + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** The entry's index in the record at an offset. */
export function recordIndex(records: Uint8Array, offset: number): number {
  let index = 0;
  for (let i = searchKeySizeBytes; i < recordSizeBytes; i++) {
    index = index * 256 + (records[offset + i] as number);
  }
  return index;
}

/** Compares two records, or their keys with `length` 16, each in its buffer. */
export function compareRecords(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number = recordSizeBytes,
): number {
  for (let i = 0; i < length; i++) {
    const difference = (a[aOffset + i] as number) - (b[bOffset + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Sorts by the beginning of the key and the position in one number, which the engine sorts natively
 * and eight times faster than with a comparison; what is equal there is sorted by comparison.
 */
function sortRecords(records: Uint8Array): Uint8Array {
  const count = records.length / recordSizeBytes;
  const positionBits = Math.max(1, Math.ceil(Math.log2(count + 1)));
  const prefixShift = Math.max(0, positionBits - 21);
  const order = new Float64Array(count);
  const view = new DataView(records.buffer, records.byteOffset);
  for (let i = 0; i < count; i++) {
    const prefix = view.getUint32(i * recordSizeBytes) >>> prefixShift;
    order[i] = prefix * 2 ** positionBits + i;
  }
  order.sort();
  const positions = Uint32Array.from(order, (value) => value % 2 ** positionBits);
  const prefixOf = (i: number): number => Math.floor((order[i] as number) / 2 ** positionBits);
  for (let start = 0; start < count;) {
    let end = start + 1;
    while (end < count && prefixOf(end) === prefixOf(start)) end++;
    if (end - start > 1) sortTies(records, positions.subarray(start, end));
    start = end;
  }
  const sorted = new Uint8Array(records.length);
  for (const [i, position] of positions.entries()) {
    const from = position * recordSizeBytes;
    sorted.set(records.subarray(from, from + recordSizeBytes), i * recordSizeBytes);
  }
  return sorted;
}

function sortTies(records: Uint8Array, positions: Uint32Array): void {
  const compare = (a: number, b: number): number =>
    compareRecords(records, a * recordSizeBytes, records, b * recordSizeBytes);
  // One key many times over is the usual case, and in order already.
  for (let i = 1; i < positions.length; i++) {
    if (compare(positions[i - 1] as number, positions[i] as number) > 0) {
      positions.sort(compare);
      return;
    }
  }
}
