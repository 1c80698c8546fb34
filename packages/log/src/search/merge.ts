// SPDX-License-Identifier: Apache-2.0
import { LogError } from "../errors.ts";
import type { RunReference } from "../record/index.ts";
import type { ObjectStore } from "../store/index.ts";
import { compareRecords, recordSizeBytes } from "./records.ts";
import { Run } from "./run.ts";
import { Segment, segmentName, segmentRecordsMax } from "./segment.ts";

/** Runs of about one size that are merged into one of the next size. */
export const mergeFanIn = 4;

/** Runs up to this many records count as of the smallest size. */
const levelRecordsMin = 1 << 13;

/** Records read from a run at once: 64 kB. */
const chunkRecords = 2730;

/** How long merging goes on between two pauses, and after how many records it looks at the time. */
const stepMs = 4;
const stepRecords = 1024;

/**
 * Which runs of one family to merge, if any: the newest ones, once four are of one size. So a
 * record is rewritten once for each fourfold growth of the log, and a lookup asks few runs.
 * @param runs by rising first entry. @returns a position from which on all are merged.
 */
export function planMerge(runs: readonly { readonly records: number }[]): number | undefined {
  const levels = runs.map(({ records }) => runLevel(records));
  for (let level = 0; level <= Math.max(0, ...levels); level++) {
    const start = levels.findLastIndex((other) => other > level) + 1;
    if (levels.length - start >= mergeFanIn) return start;
  }
  return undefined;
}

/**
 * Merges adjoining runs of one family into one, whose objects are durable when this resolves. The
 * same runs give the same bytes, whatever was merged before: a repetition finds its objects.
 * @param pause called every few milliseconds, to let other work go on.
 * @throws LogError `corrupt`; the store's codes
 */
export async function mergeRuns(
  objects: ObjectStore,
  runs: readonly Run[],
  pause: () => Promise<void>,
): Promise<Run> {
  const [oldest, newest] = [runs[0] as Run, runs.at(-1) as Run];
  const { family, first } = oldest.reference;
  const total = runs.reduce((sum, { records }) => sum + records, 0);
  const full = Math.floor(total / segmentRecordsMax);
  const rest = total % segmentRecordsMax;
  const reference: RunReference = {
    family,
    first,
    end: newest.reference.end,
    segments: [
      ...Array.from({ length: full }, () => segmentRecordsMax),
      ...(rest > 0 ? [rest] : []),
    ],
  };
  const cursors = runs.map((run) => new RunCursor(objects, run.reference));
  for (const cursor of cursors) await cursor.start();
  const segments: Segment[] = [];
  for (const [i, count] of reference.segments.entries()) {
    const records = await takeSmallest(cursors, count, pause);
    const { segment, object } = Segment.make(objects, reference, i, records);
    await objects.put([object]);
    segments.push(segment);
  }
  return new Run(reference, segments);
}

async function takeSmallest(
  cursors: readonly RunCursor[],
  count: number,
  pause: () => Promise<void>,
): Promise<Uint8Array> {
  const records = new Uint8Array(count * recordSizeBytes);
  let started = performance.now();
  for (let i = 0; i < count; i++) {
    if (i % stepRecords === 0 && performance.now() - started > stepMs) {
      await pause();
      started = performance.now();
    }
    const smallest = smallestOf(cursors);
    smallest.copyTo(records, i * recordSizeBytes);
    if (smallest.skip()) await smallest.refill();
  }
  return records;
}

/** @throws LogError `corrupt` where fewer records are stored than the runs' references say. */
function smallestOf(cursors: readonly RunCursor[]): RunCursor {
  let smallest: RunCursor | undefined;
  for (const cursor of cursors) {
    if (cursor.ended) continue;
    if (!smallest || cursor.isBelow(smallest)) smallest = cursor;
  }
  if (!smallest) throw new LogError("corrupt", "runs of the index end early", "run log reindex");
  return smallest;
}

/** Reads a run's records in order. */
class RunCursor {
  readonly #objects: ObjectStore;
  readonly #run: RunReference;
  #segment = 0;
  #next = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(objects: ObjectStore, run: RunReference) {
    this.#objects = objects;
    this.#run = run;
  }

  get ended(): boolean {
    return this.#at === this.#chunk.length;
  }

  async start(): Promise<void> {
    await this.refill();
  }

  copyTo(records: Uint8Array, offset: number): void {
    const [chunk, at] = [this.#chunk, this.#at];
    for (let i = 0; i < recordSizeBytes; i++) records[offset + i] = chunk[at + i] as number;
  }

  isBelow(other: RunCursor): boolean {
    return compareRecords(this.#chunk, this.#at, other.#chunk, other.#at) < 0;
  }

  /** Goes on to the next record. @returns true where `refill` must be called. */
  skip(): boolean {
    this.#at += recordSizeBytes;
    return this.#at === this.#chunk.length;
  }

  /** Reads on; at the end of the run the cursor is then `ended`. */
  async refill(): Promise<void> {
    if (this.#next === this.#run.segments[this.#segment]) {
      this.#segment++;
      this.#next = 0;
    }
    this.#at = 0;
    const count = this.#run.segments[this.#segment];
    if (count === undefined) {
      this.#chunk = new Uint8Array(0);
      return;
    }
    const taken = Math.min(chunkRecords, count - this.#next);
    const name = segmentName(this.#run, this.#segment);
    const range = { start: this.#next * recordSizeBytes, length: taken * recordSizeBytes };
    const chunk = await this.#objects.get(name, range);
    if (chunk?.length !== range.length) {
      throw new LogError(
        "corrupt",
        `the index object ${name} is missing or short`,
        "run log reindex",
      );
    }
    this.#chunk = chunk;
    this.#next += taken;
  }
}

function runLevel(records: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, records / levelRecordsMin)) / 2));
}
