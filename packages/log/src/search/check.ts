// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import type { RunReference } from "../record/index.ts";
import type { ObjectStore } from "../store/index.ts";
import { compareRecords, recordSizeBytes, writeRecord } from "./records.ts";
import { Segment, segmentName } from "./segment.ts";

/**
 * Sums up records in any order, so that those of a sorted run can be compared with those that the
 * entries give without holding either. For accidents: who wants two sets of one sum can make them.
 */
export class RunChecksum {
  readonly #record = new Uint8Array(recordSizeBytes);
  #count = 0;
  #low = 0;
  #high = 0;

  /** @param at where in `bytes` the key begins. */
  add(bytes: Uint8Array, at: number, index: number): void {
    writeRecord(this.#record, 0, bytes, at, index);
    this.addRecord(this.#record, 0);
  }

  addRecord(records: Uint8Array, offset: number): void {
    let [low, high] = [0x811c9dc5, 0x9e3779b9];
    for (let i = 0; i < recordSizeBytes; i++) {
      low = Math.imul(low ^ (records[offset + i] as number), 0x01000193);
      high = Math.imul(high ^ low, 0x85ebca6b) ^ (high >>> 13);
    }
    this.#count++;
    this.#low = (this.#low + low) | 0;
    this.#high = (this.#high + high) | 0;
  }

  equals(other: RunChecksum): boolean {
    return this.#count === other.#count && this.#low === other.#low && this.#high === other.#high;
  }
}

/** Checks a run against the records that it must have: order, fences, filter, and every record. */
export async function checkRun(
  objects: ObjectStore,
  run: RunReference,
  expected: RunChecksum,
): Promise<{ readonly records: number; readonly problem: string | undefined }> {
  const found = new RunChecksum();
  let records = 0;
  let last: Uint8Array | undefined;
  for (const [i, count] of run.segments.entries()) {
    const name = segmentName(run, i);
    const problem = (what: string): { records: number; problem: string } => ({
      records,
      problem: `${name}: ${what}`,
    });
    const bytes = await objects.get(name);
    if (!bytes || bytes.length < count * recordSizeBytes) return problem("is missing or short");
    const slice = bytes.subarray(0, count * recordSizeBytes);
    if (!bytesEqual(Segment.make(objects, run, i, slice).object.bytes, bytes)) {
      return problem("has fences or a filter that are not those of its records");
    }
    for (let at = 0; at < slice.length; at += recordSizeBytes) {
      const record = slice.subarray(at, at + recordSizeBytes);
      if (last && compareRecords(last, 0, record, 0) > 0) return problem("is not in order");
      found.addRecord(slice, at);
      last = record;
    }
    records += count;
  }
  const name = `index/${run.family}/${run.first}-${run.end}`;
  const problem = found.equals(expected)
    ? undefined
    : `${name}: has other records than the entries`;
  return { records, problem };
}
